/* Fits of Gaussian processes in several threads of the host at once, each with a team of threads of its own:
 * factors and solves of one large matrix, and of many small ones. Whatever runs beside it, a fit has the bits
 * that it has alone. Built with -Db_sanitize=thread it is a test for races. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "runtime/vm.h"
#include "tests/check.h"

enum { ROWS = 50, GROUPS = 20, HOSTS = 4 };

static const char *const ONE_PROCESS = "axis n\n"
                                       "data x[n] : real\n"
                                       "data y[n] : real\n"
                                       "model {\n"
                                       "  rho   ~ gamma(25, 4)\n"
                                       "  alpha ~ half_normal(2)\n"
                                       "  sigma ~ half_normal(1)\n"
                                       "  y[n]  ~ multi_normal(0, alpha^2 * exp(-0.5 * ((x - x[n']) / "
                                       "rho)^2) + (if n == n' then sigma else 0))\n"
                                       "}\n"
                                       "fit { steps = 40; draws = 200 }\n";

static const char *const MANY_PROCESSES =
    "axis g, n\n"
    "data x[n] : real\n"
    "data y[g, n] : real\n"
    "model {\n"
    "  rho ~ gamma(25, 4)\n"
    "  alpha[g] ~ half_normal(2)\n"
    "  y[g, n]  ~ multi_normal(0, alpha^2 * exp(-0.5 * ((x - x[n']) / rho)^2) + (if n == n' then 1 else 0))\n"
    "}\n"
    "fit { steps = 40; draws = 200 }\n";

typedef struct job {
    int number;
    vm_status status;
    double sum, evidence;
    double x[ROWS], y[GROUPS * ROWS];
} job;

static void give_data(vm_model *m, job *j, uint32_t groups, uint32_t rows) {
    uint32_t dims[2] = {groups, rows};
    for (uint32_t i = 0; i < rows; i++) j->x[i] = 0.3 * i;
    for (uint32_t i = 0; i < groups * rows; i++)
        j->y[i] = sin(0.3 * (i % rows) + i / rows) + 0.1 * ((i * 7 + (uint32_t)j->number) % 11);
    vm_set_data(m, "x", j->x, 1, &rows);
    vm_set_data(m, "y", j->y, groups > 1 ? 2 : 1, groups > 1 ? dims : &rows);
}

static void *fit(void *of) {
    job *j = of;
    vm_model *m = NULL;
    vm_fit *f = NULL;
    bool many = j->number % 2;
    j->status = vm_compile(NULL, "process", many ? MANY_PROCESSES : ONE_PROCESS, &m);
    if (j->status == VM_ok) {
        give_data(m, j, many ? GROUPS : 1, many ? 6 : ROWS);
        vm_set_option(m, "threads", "2");
        j->status = vm_run(m, NULL, NULL, &f);
    }
    if (j->status == VM_ok) {
        const vm_variable *alpha = vm_variable_at(f, "alpha");
        for (size_t i = 0; i < alpha->size; i++) j->sum += alpha->mean[i] + alpha->sd[i];
        j->evidence = vm_fit_evidence(f).log_evidence;
    }
    vm_free(m);
    return NULL;
}

int main(void) {
    static job alone[HOSTS], together[HOSTS];
    pthread_t thread[HOSTS];
    for (int i = 0; i < HOSTS; i++) {
        alone[i].number = together[i].number = i;
        fit(&alone[i]);
    }
    for (int i = 0; i < HOSTS; i++) pthread_create(&thread[i], NULL, fit, &together[i]);
    for (int i = 0; i < HOSTS; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < HOSTS; i++) {
        check(alone[i].status == VM_ok && isfinite(alone[i].evidence), "a process is fitted", "%d: status %d",
              i, alone[i].status);
        check(memcmp(&alone[i], &together[i], sizeof *alone) == 0, "… with the same bits beside others",
              "%d: %.17g and %.17g", i, alone[i].sum, together[i].sum);
    }
    return check_end();
}
