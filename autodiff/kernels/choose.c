#include "autodiff/kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

int kernels_available(const kernels *table[3]) {
    int count = 0;
    table[count++] = &kernels_baseline;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        table[count++] = &kernels_avx2;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl"))
            table[count++] = &kernels_avx512;
    }
    return count;
}

const kernels *kernels_choose(void) {
    const kernels *table[3];
    int count = kernels_available(table);
    const char *most = getenv("VM_ISA");
    for (int i = 0; most && i < count; i++)
        if (strcmp(most, table[i]->name) == 0) return table[i];
    return table[count - 1];
}
