/* What is said of a fit's memory before it runs: within 10 % of what it then holds at most, where the first
 * guide is good; else between that and the worst. By the count of the arena, which is all that a fit takes.
 */
#include "tests/check.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

static void *allocate_zeroed(void *user, void *block, size_t old_size, size_t size) {
    (void)user, (void)old_size;
    if (size) return calloc(1, size);
    free(block);
    return NULL;
}

static const struct {
    const char *name, *text;
    bool good; /* the first guide is, and the error of the worst scalar of its draws */
} PROGRAMS[] = {
    {"two latents",
     "data y : real = 1\nmodel {\n  a ~ normal(0, 1)\n  b ~ normal(0, 1)\n  y ~ normal(a + b, 1)\n}\n", true},
    {"many rows",
     "axis row = 60000\ndata x[row] : real = sin(row)\ndata y[row] : real = cos(3 * row)\n"
     "model {\n  a ~ normal(0, 1)\n  b ~ normal(0, 1)\n  y[row] ~ normal(a + b * x, 1)\n}\n",
     true},
    {"full rank",
     "axis row = 300, k = 80\ndata x[row, k] : real = sin(row * k)\ndata y[row] : real = cos(row)\n"
     "model {\n  b[k] ~ normal(0, 1)\n  y[row] ~ normal(sum[k](x * b), 1)\n}\nfit { draws = 1000 }\n",
     true},
    {"mean field over many latents",
     "axis k = 1000\ndata y[k] : real = sin(k)\n"
     "model {\n  b[k] ~ normal(0, 1)\n  y[k] ~ normal(b, 1)\n}\nfit { draws = 500 }\n",
     false},
    {"many draws",
     "data y : real = 1\nmodel {\n  a ~ normal(0, 1)\n  y ~ normal(a, 1)\n}\nfit { draws = 100000 }\n", true},
    {"many draws of many values",
     "axis k = 40\ndata y[k] : real = sin(k)\nmodel {\n  b[k] ~ normal(0, 1)\n  y[k] ~ normal(b, 1)\n"
     "  c[k] = exp(b)\n}\nfit { draws = 20000 }\n",
     true},
    {"a guide of its own",
     "axis k = 500\ndata y[k] : real = sin(k)\nmodel {\n  b[k] ~ normal(0, 1)\n  y[k] ~ normal(b, 1)\n}\n"
     "guide { b[k] ~ normal(?, ?) }\nfit { draws = 2000; steps = 300 }\n",
     true},
    {"a flow",
     "axis k = 20\ndata y[k] : real = sin(k)\nmodel {\n  b[k] ~ normal(0, 1)\n  y[k] ~ normal(b, 1)\n}\n"
     "guide { b ~ flow(2) }\nfit { draws = 2000; steps = 100 }\n",
     true},
    {"a mixture",
     "axis row = 300\ndata y[row] : real = sin(row)\n"
     "model {\n  m ~ normal(0, 1)\n  w ~ beta(2, 2)\n  z[row] ~ bernoulli(w)\n"
     "  y[row] ~ normal(if z == 1 then m else 0, 1)\n}\n",
     false},
    {"a funnel",
     "axis k = 8\nmodel {\n  s ~ normal(0, 3)\n  b[k] ~ normal(0, exp(s))\n}\nfit { draws = 500 }\n", false},
};

/* Memory of blocks that come zeroed, as check has it. */
static void planned_memory(arena *a) {
    static jmp_buf escape;
    static memory zeroed = {allocate_zeroed, NULL, &escape};
    if (setjmp(escape)) exit(1);
    arena_open(a, &zeroed);
    a->zeroed = true;
}

static void compare(size_t i) {
    arena a, planned;
    test_memory(&a);
    planned_memory(&planned);
    compiled *c = compile_text(&a, PROGRAMS[i].text);
    model *m = bind_compiled(c, &a);
    fit_memory said = {0};
    bool can_run = m && fit_rehearse(&c->said, m, NULL, &planned, &said);
    status s;
    fit *f = can_run ? fit_run(&c->said, m, NULL, &a, (fit_host){0}, &s) : NULL;
    show_messages(c);
    double held = f ? (double)f->memory : 0, least = (double)said.bytes, most = (double)said.most;
    printf("# %s: said %.0f to %.0f, held %.0f\n", PROGRAMS[i].name, least, most, held);
    check(held >= 0.9 * least && held <= 1.1 * most, PROGRAMS[i].name, "held %.0f bytes", held);
    if (PROGRAMS[i].good)
        check(held <= 1.1 * least, "… which is good at once", "%s: held %.0f bytes", PROGRAMS[i].name, held);
    arena_close(&planned);
    arena_close(&a);
}

int main(void) {
    for (size_t i = 0; i < sizeof PROGRAMS / sizeof *PROGRAMS; i++) compare(i);
    return check_end();
}
