#include "autodiff/kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

int kernels_available(precision p, const kernels *table[3]) {
    bool single = p == IN_SINGLE;
    int count = 0;
    table[count++] = single ? &kernels_baseline_single : &kernels_baseline_double;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        table[count++] = single ? &kernels_avx2_single : &kernels_avx2_double;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl"))
            table[count++] = single ? &kernels_avx512_single : &kernels_avx512_double;
    }
    return count;
}

const kernels *kernels_choose(precision p) {
    const kernels *table[3];
    int count = kernels_available(p, table);
    const char *most = getenv("VM_ISA");
    for (int i = 0; most && i < count; i++)
        if (strcmp(most, table[i]->name) == 0) return table[i];
    return table[count - 1];
}
