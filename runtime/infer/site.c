#include "runtime/infer/site.h"

enum { ARGUMENTS = CONJUGATE_ARGUMENTS };

static ref sum_of(const site *s, ref x, ref y) { return tape_map2(s->t, OP_add, x, y); }
static ref difference(const site *s, ref x, ref y) { return tape_map2(s->t, OP_sub, x, y); }
static ref product(const site *s, ref x, ref y) { return tape_map2(s->t, OP_mul, x, y); }
static ref quotient(const site *s, ref x, ref y) { return tape_map2(s->t, OP_div, x, y); }
static ref digamma(const site *s, ref x) { return tape_map1(s->t, OP_digamma, x); }
static ref log_of(const site *s, ref x) { return tape_map1(s->t, OP_log, x); }
static ref negative(const site *s, ref x) { return tape_map1(s->t, OP_neg, x); }
static ref number(const site *s, double x) { return tape_number(s->t, x); }
static ref one_more(const site *s, ref x) { return sum_of(s, x, number(s, 1)); }
static ref one_less(const site *s, ref x) { return difference(s, x, number(s, 1)); }

static void normal_statistics(const site *s, ref *out) {
    out[0] = s->zero;
    out[1] = product(s, s->argument[1], s->argument[1]);
}

static void normal_naturals(const site *s, ref *out) {
    out[0] = s->zero;
    out[1] = quotient(s, number(s, -0.5), product(s, s->argument[1], s->argument[1]));
}

static void normal_arguments(const site *s, const ref *natural, ref *out) {
    ref precision = product(s, natural[1], number(s, -2));
    out[0] = sum_of(s, s->argument[0], quotient(s, natural[0], precision));
    out[1] = quotient(s, number(s, 1), tape_map1(s->t, OP_sqrt, precision));
}

static void gamma_statistics(const site *s, ref *out) {
    out[0] = quotient(s, s->argument[0], s->argument[1]);
    out[1] = difference(s, digamma(s, s->argument[0]), log_of(s, s->argument[1]));
}

static void gamma_naturals(const site *s, ref *out) {
    out[0] = negative(s, s->argument[1]);
    out[1] = one_less(s, s->argument[0]);
}

static void gamma_arguments(const site *s, const ref *natural, ref *out) {
    out[0] = one_more(s, natural[1]);
    out[1] = negative(s, natural[0]);
}

static void inv_gamma_statistics(const site *s, ref *out) {
    gamma_statistics(s, out);
    out[1] = negative(s, out[1]);
}

static void inv_gamma_naturals(const site *s, ref *out) {
    out[0] = negative(s, s->argument[1]);
    out[1] = negative(s, one_more(s, s->argument[0]));
}

static void inv_gamma_arguments(const site *s, const ref *natural, ref *out) {
    out[0] = negative(s, one_more(s, natural[1]));
    out[1] = negative(s, natural[0]);
}

static void beta_statistics(const site *s, ref *out) {
    ref all = digamma(s, sum_of(s, s->argument[0], s->argument[1]));
    for (int k = 0; k < 2; k++) out[k] = difference(s, digamma(s, s->argument[k]), all);
}

static void beta_naturals(const site *s, ref *out) {
    for (int k = 0; k < 2; k++) out[k] = one_less(s, s->argument[k]);
}

static void beta_arguments(const site *s, const ref *natural, ref *out) {
    for (int k = 0; k < 2; k++) out[k] = one_more(s, natural[k]);
}

static void dirichlet_statistics(const site *s, ref *out) {
    ref all = digamma(s, tape_sum(s->t, s->argument[0], s->event));
    out[0] = difference(s, digamma(s, s->argument[0]), all);
}

static void dirichlet_naturals(const site *s, ref *out) { out[0] = one_less(s, s->argument[0]); }

static void dirichlet_arguments(const site *s, const ref *natural, ref *out) {
    out[0] = one_more(s, natural[0]);
}

static const struct {
    void (*statistics)(const site *s, ref *out);
    void (*naturals)(const site *s, ref *out);
    void (*arguments)(const site *s, const ref *natural, ref *out);
} RULES[] = {
    [CONJUGATE_normal] = {normal_statistics, normal_naturals, normal_arguments},
    [CONJUGATE_gamma] = {gamma_statistics, gamma_naturals, gamma_arguments},
    [CONJUGATE_inv_gamma] = {inv_gamma_statistics, inv_gamma_naturals, inv_gamma_arguments},
    [CONJUGATE_beta] = {beta_statistics, beta_naturals, beta_arguments},
    [CONJUGATE_dirichlet] = {dirichlet_statistics, dirichlet_naturals, dirichlet_arguments},
};

void site_statistics(const site *s, ref *out) { RULES[s->kind].statistics(s, out); }

void site_step(const site *s, const ref *best, ref length, ref *out) {
    if (!length) {
        RULES[s->kind].arguments(s, best, out);
        return;
    }
    ref mixed[ARGUMENTS], rest = difference(s, number(s, 1), length);
    RULES[s->kind].naturals(s, mixed);
    for (uint32_t k = 0; k < CONJUGATES[s->kind].arguments; k++)
        mixed[k] = sum_of(s, product(s, rest, mixed[k]), product(s, length, best[k]));
    RULES[s->kind].arguments(s, mixed, out);
}
