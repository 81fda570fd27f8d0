/* The public library as a host uses it: a fit from strings and arrays, every way to be wrong, two models in
 * two threads, and memory that runs out at each allocation in turn. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/vm.h"
#include "tests/check.h"

/* z ~ N(0, 1), x ~ N(w z, s): the posterior is normal(w x / (w² + s²), s / sqrt(w² + s²)), the evidence
 * normal(x; 0, sqrt(w² + s²)). */
static const char *const LINEAR = "data x : real = 1.5\n"
                                  "data w : real = 2\n"
                                  "data s : positive = 0.7\n"
                                  "model {\n  z ~ normal(0, 1)\n  x ~ normal(w * z, s)\n}\n"
                                  "guide {\n  z ~ normal(?, ?)\n}\n";

static const char *const GROUPS =
    "axis row, group\n"
    "data y[row] : real\n"
    "data of[row] : group\n"
    "model {\n  mu ~ normal(0, 5)\n  tau ~ half_normal(1)\n  a[group] ~ normal(mu, tau)\n"
    "  y[row] ~ normal(a[of], 1)\n}\n";

static void test_fit(void) {
    vm_model *m = NULL;
    vm_fit *f = NULL;
    CHECK(vm_compile(NULL, "linear", LINEAR, &m) == VM_ok, "a program compiles");
    CHECK(vm_run(m, NULL, NULL, &f) == VM_ok && f, "defaults are enough to fit");
    const vm_variable *z = vm_variable_at(f, "z");
    double v = 2 * 2 + 0.7 * 0.7, mean = 2 * 1.5 / v, sd = 0.7 / sqrt(v);
    double evidence = -0.5 * 1.5 * 1.5 / v - 0.5 * log(2 * M_PI * v);
    vm_evidence e = vm_fit_evidence(f);
    /* The bounds that the first release promises: mean within 0.01, sd within 1 %, evidence within three of
     * its errors. */
    check(z && fabs(z->mean[0] - mean) < 0.01, "posterior mean in closed form", "%g, not %g",
          z ? z->mean[0] : NAN, mean);
    check(z && fabs(z->sd[0] / sd - 1) < 0.01, "posterior sd in closed form", "%g, not %g",
          z ? z->sd[0] : NAN, sd);
    check(fabs(e.log_evidence - evidence) <= 3 * e.log_evidence_error + 1e-9, "log evidence in closed form",
          "%g ± %g, not %g", e.log_evidence, e.log_evidence_error, evidence);
    check(e.lower <= evidence + 3 * e.lower_error + 1e-9 && !(e.upper < evidence - 3 * e.upper_error - 1e-9),
          "bounds of the evidence", "%g to %g, not %g", e.lower, e.upper, evidence);
    CHECK(z && z->rank == 0 && z->size == 1 && z->draw_count > 0, "a scalar has one entry and its draws");
    CHECK(vm_variable_at(f, "nothing") == NULL, "an unknown variable is NULL");
    vm_free(m);
}

static void test_data(void) {
    vm_model *m = NULL;
    vm_fit *f = NULL;
    const double y[6] = {1, 2, 3, 4, 5, 6}, short_index[4] = {1, 1, 2, 2}, beyond[6] = {1, 1, 2, 2, 3, 0},
                 of[6] = {1, 1, 2, 2, 3, 3};
    const char *const labels[6] = {"red", "red", "blue", "blue", "green", "green"};
    const uint32_t six = 6, four = 4;
    CHECK(vm_compile(NULL, "groups", GROUPS, &m) == VM_ok, "a grouped model compiles");
    CHECK(vm_run(m, NULL, NULL, &f) == VM_invalid_data && !f, "data that lack are said to");
    CHECK(vm_diagnostic_count(m) >= 1 && vm_diagnostic_at(m, 0)->help, "… with help");
    vm_set_data(m, "y", y, 1, &six);
    vm_set_data(m, "of", short_index, 1, &four);
    CHECK(vm_run(m, NULL, NULL, &f) == VM_invalid_data, "lengths that disagree are refused");
    vm_set_data(m, "of", beyond, 1, &six);
    CHECK(vm_run(m, NULL, NULL, &f) == VM_invalid_data, "an index of 0 is refused");
    vm_set_data(m, "of", of, 1, &six);
    vm_set_option(m, "steps", "200");
    CHECK(vm_run(m, NULL, NULL, &f) == VM_ok && vm_variable_at(f, "a")->size == 3,
          "after mending, the same model fits");
    vm_set_labels(m, "of", labels, 1, &six);
    vm_fit *counted = f;
    double mean = vm_variable_at(counted, "a")->mean[2];
    CHECK(vm_variable_at(counted, "a")->labels[0] == NULL, "an axis that is counted has no labels");
    CHECK(vm_run(m, NULL, NULL, &f) == VM_ok && vm_variable_at(f, "a")->dims[0] == 3, "labels make an index");
    CHECK(strcmp(vm_variable_at(f, "a")->labels[0][2], "green") == 0, "… and name the entries of the result");
    CHECK(vm_variable_at(counted, "a")->mean[2] == mean, "an earlier fit stays as it was");
    vm_free_fit(m, counted);
    vm_free_fit(m, NULL);
    CHECK(strcmp(vm_variable_at(f, "a")->labels[0][0], "red") == 0,
          "a fit may be freed, and the others stay");
    vm_free(m);
}

/* Groups of closed form: mu and tau are known to a hair, so that a[g] ~ normal(0, 1) and, of n rows with the
 * sum s, a is normal(s / (n + 1), 1 / sqrt(n + 1)). */
static const char *const KNOWN =
    "axis row, group\ndata y[row] : real\ndata of[row] : group\n"
    "model {\n  a[group] ~ normal(0, 1)\n  y[row] ~ normal(a[of], 1)\n}\ngenerate { twice = 2 * a[of] }\n";

static void test_prediction(void) {
    vm_model *m = NULL;
    vm_fit *f = NULL;
    vm_prediction *p = NULL, *same = NULL;
    const double y[6] = {1, 2, 3, 4, 2, 3};
    const char *const of[6] = {"red", "red", "blue", "blue", "green", "green"}, *const now[2] = {"blue",
                                                                                                 "pink"};
    const uint32_t six = 6, two = 2;
    vm_compile(NULL, "known", KNOWN, &m);
    vm_set_data(m, "y", y, 1, &six);
    vm_set_labels(m, "of", of, 1, &six);
    CHECK(vm_predict(m, NULL, &p) == VM_invalid_argument && !p, "no fit, no prediction");
    CHECK(vm_run(m, NULL, NULL, &f) == VM_ok && vm_predict(m, f, &p) == VM_ok, "a fit predicts");
    CHECK(vm_predict(m, f, &same) == VM_ok, "… and again");
    const vm_variable *drawn = vm_predicted_at(p, "y");
    const vm_pointwise *points = vm_predicted_pointwise(p);
    CHECK(drawn && drawn->size == 6 && drawn->draw_count == 4000 && vm_predicted_number(p, 0) == drawn &&
              vm_predicted_count(p) == 2 && vm_predicted_at(p, "twice") && !vm_predicted_at(p, "a"),
          "what is observed, then what is generated");
    CHECK(memcmp(drawn->draws, vm_predicted_at(same, "y")->draws, 4000 * 6 * sizeof(double)) == 0,
          "same seed, same draws");
    check(drawn && fabs(drawn->mean[2] - 7. / 3) < 5 * sqrt(4. / 3 / 4000) &&
              fabs(drawn->sd[2] / sqrt(4. / 3) - 1) < 5 / sqrt(2 * 4000.),
          "predictions in closed form", "%g, sd %g", drawn ? drawn->mean[2] : NAN,
          drawn ? drawn->sd[2] : NAN);
    /* y[3] given the others: normal(4 / 2, sqrt(1 + 1 / 2)) */
    double exact = -0.5 * log(2 * M_PI * 1.5) - 0.5 / 1.5;
    check(points && points->count == 6 && points->khat && fabs(points->elpd[2] - exact) < 0.05,
          "a density given the others in closed form", "%g, not %g", points ? points->elpd[2] : NAN, exact);
    double a = points ? vm_variable_at(f, "a")->draws[vm_variable_at(f, "a")->draw_stride + 1] : NAN;
    CHECK(points && fabs(points->log_density[2 * points->draw_count + 1] -
                         (-0.5 * log(2 * M_PI) - 0.5 * (3 - a) * (3 - a))) < 1e-12,
          "log densities by draw");
    CHECK(vm_observation_name(p, 2) && strcmp(vm_observation_name(p, 2), "y[3]") == 0 &&
              !vm_observation_name(p, 6),
          "observations have names");
    vm_free_prediction(f, same);
    vm_unset_data(m, "y");
    vm_set_labels(m, "of", now, 1, &two);
    CHECK(vm_predict(m, f, &same) == VM_ok && !vm_predicted_pointwise(same), "other rows without outcomes");
    drawn = vm_predicted_at(same, "y");
    check(drawn && drawn->size == 2 && fabs(drawn->mean[0] - 7. / 3) < 5 * sqrt(4. / 3 / 4000) &&
              fabs(drawn->mean[1]) < 5 * sqrt(2. / 4000) &&
              fabs(drawn->sd[1] / sqrt(2) - 1) < 5 / sqrt(2 * 4000.),
          "a group that is known, and a new one", "%g, and %g with sd %g", drawn ? drawn->mean[0] : NAN,
          drawn ? drawn->mean[1] : NAN, drawn ? drawn->sd[1] : NAN);
    vm_free_fit(m, f);
    CHECK(vm_run(m, NULL, NULL, &f) == VM_invalid_data, "which no fit could do with");
    vm_free(m);
}

static void test_mistakes(void) {
    vm_model *m = NULL;
    CHECK(vm_compile(NULL, "p", "model { mu ~ nomral(0, 1) }", &m) == VM_invalid_program && m,
          "a wrong program");
    const vm_diagnostic *d = vm_diagnostic_at(m, 0);
    CHECK(d && strcmp(d->code, "name") == 0 && d->line == 1 && d->column == 14 && strstr(d->help, "normal"),
          "… its place and its cure");
    vm_fit *f = NULL;
    CHECK(vm_run(m, NULL, NULL, &f) == VM_invalid_program && !f, "… is not run");
    vm_free(m);
    CHECK(vm_compile(NULL, NULL, LINEAR, &m) == VM_invalid_argument && !m, "no name");
    CHECK(vm_compile(NULL, "p", NULL, &m) == VM_invalid_argument && !m, "no text");
    CHECK(vm_run(NULL, NULL, NULL, &f) == VM_invalid_argument, "no model");
    CHECK(vm_set_option(NULL, "seed", "1") == VM_invalid_argument, "an option of no model");
    vm_compile(NULL, "linear", LINEAR, &m);
    CHECK(vm_set_option(m, "sed", "1") == VM_invalid_argument && vm_diagnostic_count(m) == 1,
          "an unknown option");
    CHECK(vm_set_option(m, "seed", "minus one") == VM_invalid_argument, "an option with a wrong value");
    CHECK(vm_set_option(m, "seed", "7") == VM_ok, "an option");
    vm_free(m);
    vm_free(NULL);
}

static int stop_at_once(void *user, const vm_progress *now) {
    ++*(int *)user;
    return now->step >= 1;
}

static void test_interrupt(void) {
    vm_model *m = NULL;
    vm_fit *f = NULL;
    int calls = 0;
    vm_compile(NULL, "linear", LINEAR, &m);
    vm_status s = vm_run(m, stop_at_once, &calls, &f);
    CHECK(calls > 0 && s == VM_interrupted && f, "a host can stop a fit, and has what there was");
    vm_free(m);
}

typedef struct outcome {
    double mean, evidence;
} outcome;

static void *fit_alone(void *to) {
    outcome *o = to;
    vm_model *m = NULL;
    vm_fit *f = NULL;
    vm_compile(NULL, "linear", LINEAR, &m);
    if (vm_run(m, NULL, NULL, &f) == VM_ok)
        *o = (outcome){vm_variable_at(f, "z")->mean[0], vm_fit_evidence(f).log_evidence};
    vm_free(m);
    return NULL;
}

static void test_threads(void) {
    outcome results[3] = {{0}};
    pthread_t other[2];
    fit_alone(&results[0]);
    for (int i = 0; i < 2; i++) pthread_create(&other[i], NULL, fit_alone, &results[1 + i]);
    for (int i = 0; i < 2; i++) pthread_join(other[i], NULL);
    CHECK(memcmp(&results[0], &results[1], sizeof *results) == 0 &&
              memcmp(&results[0], &results[2], sizeof *results) == 0 && results[0].mean != 0,
          "two models in two threads give the bits of one");
}

typedef struct ration {
    size_t left, held, calls; /* allocations until the host has no more; bytes held now */
} ration;

static void *allocate_rationed(void *user, void *block, size_t old_size, size_t size) {
    ration *r = user;
    if (!size) {
        if (block) r->held -= old_size;
        free(block);
        return NULL;
    }
    r->calls++;
    if (!r->left) return NULL;
    r->left--;
    void *to = realloc(block, size);
    if (to) r->held += size - (block ? old_size : 0);
    return to;
}

/* One run with `allowed` allocations: its status, and whether all memory came back. */
static vm_status run_rationed(size_t allowed, bool *clean) {
    ration r = {.left = allowed};
    vm_allocator host = {allocate_rationed, &r};
    vm_model *m = NULL;
    vm_fit *f = NULL;
    const double y[4] = {1, 2, 3, 4}, of[4] = {1, 1, 2, 2};
    const uint32_t four = 4;
    vm_status s = vm_compile(&host, "groups", GROUPS, &m);
    if (s == VM_ok) s = vm_set_data(m, "y", y, 1, &four);
    if (s == VM_ok) s = vm_set_data(m, "of", of, 1, &four);
    if (s == VM_ok) s = vm_set_option(m, "steps", "50");
    if (s == VM_ok) s = vm_set_option(m, "draws", "200");
    if (s == VM_ok) s = vm_run(m, NULL, NULL, &f);
    vm_free(m);
    *clean = r.held == 0;
    return s;
}

static void test_memory(void) {
    bool clean = true, all_clean = true, all_said = true;
    size_t n = 0;
    vm_status s = VM_out_of_memory;
    for (; n < 10000 && s == VM_out_of_memory; n++) {
        s = run_rationed(n, &clean);
        all_clean &= clean;
        all_said &= s == VM_out_of_memory || s == VM_ok;
    }
    check(s == VM_ok && n > 1, "the n-th allocation fails, for every n", "ended with %s after %zu",
          vm_status_text(s), n);
    CHECK(all_said, "… each time it is said");
    CHECK(all_clean, "… and all memory is given back");
}

int main(void) {
    test_fit();
    test_data();
    test_prediction();
    test_mistakes();
    test_interrupt();
    test_threads();
    test_memory();
    return check_end();
}
