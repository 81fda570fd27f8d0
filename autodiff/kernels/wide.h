/* In single precision, the functions that are computed in double: converted, BATCH entries at a time. For
 * kernels.c, whose lists and tables it uses. */
#ifndef VM_AUTODIFF_KERNELS_WIDE_H
#define VM_AUTODIFF_KERNELS_WIDE_H

static void widen(double *y, const element *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (double)x[i];
}

static void narrow(element *y, const double *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (element)x[i];
}

#define BATCHES for (size_t i = 0, count; i < n && (count = n - i < BATCH ? n - i : BATCH); i += count)

#define OP(name, f)                                                                                          \
    static void unary_##name(void *to, const void *from, size_t n) {                                         \
        double x[BATCH];                                                                                     \
        BATCHES {                                                                                            \
            widen(x, (const element *)from + i, count);                                                      \
            TABLE_OF(ISA, double).unary[OP_##name](x, x, count);                                             \
            narrow((element *)to + i, x, count);                                                             \
        }                                                                                                    \
    }
WIDE_FUNCTIONS(OP)
#undef OP

#define OP(name, f)                                                                                          \
    static void binary_##name(void *to, const void *left, const void *right, size_t n) {                     \
        double x[BATCH], y[BATCH];                                                                           \
        BATCHES {                                                                                            \
            widen(x, (const element *)left + i, count);                                                      \
            widen(y, (const element *)right + i, count);                                                     \
            TABLE_OF(ISA, double).binary[OP_##name](x, x, y, count);                                         \
            narrow((element *)to + i, x, count);                                                             \
        }                                                                                                    \
    }                                                                                                        \
    static void binary_vs_##name(void *to, const void *left, double right, size_t n) {                       \
        double x[BATCH];                                                                                     \
        BATCHES {                                                                                            \
            widen(x, (const element *)left + i, count);                                                      \
            TABLE_OF(ISA, double).binary_vs[OP_##name](x, x, right, count);                                  \
            narrow((element *)to + i, x, count);                                                             \
        }                                                                                                    \
    }                                                                                                        \
    static void binary_sv_##name(void *to, double left, const void *right, size_t n) {                       \
        double y[BATCH];                                                                                     \
        BATCHES {                                                                                            \
            widen(y, (const element *)right + i, count);                                                     \
            TABLE_OF(ISA, double).binary_sv[OP_##name](y, left, y, count);                                   \
            narrow((element *)to + i, y, count);                                                             \
        }                                                                                                    \
    }
WIDE_BINARY_FUNCTIONS(OP)
#undef OP

#define OP(name, f)                                                                                          \
    static void ternary_##name(void *to, const void *first, const void *second, const void *third,           \
                               size_t n) {                                                                   \
        double x[BATCH], y[BATCH], z[BATCH];                                                                 \
        BATCHES {                                                                                            \
            widen(x, (const element *)first + i, count);                                                     \
            widen(y, (const element *)second + i, count);                                                    \
            widen(z, (const element *)third + i, count);                                                     \
            TABLE_OF(ISA, double).ternary[OP_##name](x, x, y, z, count);                                     \
            narrow((element *)to + i, x, count);                                                             \
        }                                                                                                    \
    }
WIDE_TERNARY_FUNCTIONS(OP)
#undef OP

#endif
