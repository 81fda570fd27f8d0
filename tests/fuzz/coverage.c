/* Coverage for AFL++ from GCC's -fsanitize-coverage=trace-pc, so that the compiler of the build and its
 * sanitizers are those that are fuzzed: at each block the counter of the edge from the block before. */
#include <stdint.h>

static uint8_t counters[1 << 16];
extern uint8_t *__afl_area_ptr;
__attribute__((weak)) uint8_t *__afl_area_ptr = counters; /* AFL++ has its own */

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) {
    static uint32_t before;
    uint32_t here = (uint32_t)(uintptr_t)__builtin_return_address(0) * 2654435761u >> 16;
    __afl_area_ptr[here ^ before]++;
    before = here >> 1;
}
