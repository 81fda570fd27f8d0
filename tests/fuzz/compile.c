/* The compiler: any bytes are a program or have mistakes that can be shown. */
#include "tests/fuzz/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length) {
    static fuzz_host h;
    fuzz_open(&h);
    if (setjmp(h.escape)) abort();
    const program *p = fuzz_compile(&h, input, length);
    if (!p) abort();
    fuzz_look_at_messages(&h);
    fuzz_close(&h);
    return 0;
}
