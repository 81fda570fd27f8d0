#include "runtime/infer/matrix.h"

#include <math.h>
#include <string.h>
#include <cblas.h>

bool matrix_cholesky(double *a, uint64_t n) {
    for (uint64_t i = 0; i < n; i++) {
        for (uint64_t j = 0; j <= i; j++) {
            double s = a[i * n + j] - cblas_ddot((int)j, a + i * n, 1, a + j * n, 1);
            if (i == j) {
                if (!(s > 0)) return false;
                a[i * n + i] = sqrt(s);
            } else {
                a[i * n + j] = s / a[j * n + j];
            }
        }
        memset(a + i * n + i + 1, 0, (n - i - 1) * sizeof *a);
    }
    return true;
}

void matrix_invert_factor(double *l, uint64_t n, double *scratch) {
    memset(scratch, 0, n * n * sizeof *scratch);
    for (uint64_t i = 0; i < n; i++) scratch[i * n + i] = 1;
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, (int)n, 1, l,
                (int)n, scratch, (int)n);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)n, (int)n, 1, scratch, (int)n, 0, l, (int)n);
    matrix_cholesky(l, n);
}

void matrix_multiply_lower(const double *a, const double *b, double *c, uint64_t n) {
    memcpy(c, b, n * n * sizeof *c);
    cblas_dtrmm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, (int)n, 1, a,
                (int)n, c, (int)n);
}
