#include "runtime/infer/blas.h"

#include <cblas.h>
#include <sys/mman.h>

/* BUFFER_SIZE of OpenBLAS 0.3 on x86-64 (common_x86_64.h, 32 << 22), and what it adds for alignment. */
enum { WORK_BUFFER = 128 << 20, ALIGNMENT = 1 << 20 };

void blas_reserve(memory *m) {
    void *room =
        mmap(NULL, WORK_BUFFER + ALIGNMENT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) longjmp(*m->escape, 1);
    munmap(room, WORK_BUFFER + ALIGNMENT);
    /* Any product takes the buffer, and OpenBLAS keeps it for all later ones. */
    double one = 1;
    cblas_dtrmv(CblasRowMajor, CblasLower, CblasNoTrans, CblasUnit, 1, &one, 1, &one, 1);
}
