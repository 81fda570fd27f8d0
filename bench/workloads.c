#include "bench/workloads.h"

#include <assert.h>
#include <string.h>
#include "base/rng.h"
#include "bench/fused/fused.h"

enum { SEED = 20240601, STREAM_DATA = 1, STREAM_POINTS = 2, STREAM_PATTERN = 3 };

const array *dataset_find(const dataset *d, const char *name) {
    for (uint32_t i = 0; i < d->count; i++)
        if (strcmp(d->arrays[i].name, name) == 0) return &d->arrays[i];
    assert(!"a workload's data have this name");
    return NULL;
}

static double *add(dataset *d, arena *a, const char *name, uint32_t rank, uint32_t rows, uint32_t columns) {
    assert(d->count < ARRAYS_MOST);
    array *x = &d->arrays[d->count++];
    *x = (array){.name = name, .rank = rank, .dims = {rows, columns}};
    x->values = arena_take_aligned(a, sizeof(double) * (rank > 0 ? rows : 1) * (rank > 1 ? columns : 1));
    return x->values;
}

static double *add_vector(dataset *d, arena *a, const char *name, uint32_t rows) {
    return add(d, a, name, 1, rows, 0);
}

static void fill_normal(rng *r, double *x, uint64_t n) {
    for (uint64_t i = 0; i < n; i++) x[i] = rng_normal(r);
}

/* Rows of a design matrix over `columns`, with the sum of each row for what is to follow from it. */
static double *add_design(dataset *d, arena *a, rng *r, uint32_t rows, uint32_t columns, double *total) {
    double *x = add(d, a, "X", 2, rows, columns);
    fill_normal(r, x, (uint64_t)rows * columns);
    for (uint32_t i = 0; i < rows; i++) {
        total[i] = 0;
        for (uint32_t j = 0; j < columns; j++) total[i] += x[(uint64_t)i * columns + j] / columns;
    }
    return x;
}

/* Rows, features. */
static void make_logistic(dataset *d, const uint32_t *size, arena *a) {
    rng r = rng_open(SEED, STREAM_DATA);
    double *y = add_vector(d, a, "y", size[0]);
    add_design(d, a, &r, size[0], size[1], y);
    for (uint32_t i = 0; i < size[0]; i++) y[i] = rng_uniform(&r) < 1 / (1 + exp(-3 * y[i]));
}

/* Rows, groups. The rows of a group are anywhere. */
static void make_hierarchical(dataset *d, const uint32_t *size, arena *a) {
    rng r = rng_open(SEED, STREAM_DATA);
    double *x = add_vector(d, a, "x", size[0]), *y = add_vector(d, a, "y", size[0]);
    double *group_of = add_vector(d, a, "group_of", size[0]), *level = arena_array(a, double, size[1]);
    fill_normal(&r, level, size[1]);
    fill_normal(&r, x, size[0]);
    for (uint32_t i = 0; i < size[0]; i++) {
        uint64_t group = i < size[1] ? i : rng_below(&r, size[1]);
        group_of[i] = (double)group + 1;
        y[i] = level[group] + 0.5 * x[i] + rng_normal(&r);
    }
}

/* Rows, features. The errors are ratios, with tails of few degrees of freedom. */
static void make_student_t(dataset *d, const uint32_t *size, arena *a) {
    rng r = rng_open(SEED, STREAM_DATA);
    double *y = add_vector(d, a, "y", size[0]);
    add_design(d, a, &r, size[0], size[1], y);
    for (uint32_t i = 0; i < size[0]; i++) y[i] += rng_normal(&r) / sqrt(0.2 + rng_uniform(&r));
}

/* Schools. The eight of Rubin (1981), repeated. */
static void make_eight_schools(dataset *d, const uint32_t *size, arena *a) {
    static const double EFFECT[8] = {28, 8, -3, 7, -1, 1, 18, 12}, ERROR[8] = {15, 10, 16, 11, 9, 11, 10, 18};
    double *y = add_vector(d, a, "y", size[0]), *sigma = add_vector(d, a, "sigma", size[0]);
    for (uint32_t i = 0; i < size[0]; i++) y[i] = EFFECT[i % 8], sigma[i] = ERROR[i % 8];
}

/* Images, pixels. An image is one of ten patterns, of which each pixel holds nine times of ten. */
static void make_vae(dataset *d, const uint32_t *size, arena *a) {
    rng r = rng_open(SEED, STREAM_DATA);
    double *x = add(d, a, "x", 2, size[0], size[1]);
    for (uint32_t i = 0; i < size[0]; i++) {
        uint64_t pattern = rng_below(&r, 10);
        for (uint32_t j = 0; j < size[1]; j++) {
            bool dark = rng_philox(SEED, STREAM_PATTERN, pattern, j, 0).word[0] % 4 == 0;
            x[(uint64_t)i * size[1] + j] = (rng_uniform(&r) < 0.9) == dark;
        }
    }
}

/* Points. */
static void make_gaussian_process(dataset *d, const uint32_t *size, arena *a) {
    rng r = rng_open(SEED, STREAM_DATA);
    double *x = add_vector(d, a, "x", size[0]), *y = add_vector(d, a, "y", size[0]);
    for (uint32_t i = 0; i < size[0]; i++) {
        x[i] = 20 * rng_uniform(&r) - 10;
        y[i] = sin(x[i]) + 0.5 * rng_normal(&r);
    }
}

/* Steps. A chain over four states that stays where it is nine times of ten. */
static void make_markov(dataset *d, const uint32_t *size, arena *a) {
    rng r = rng_open(SEED, STREAM_DATA);
    double *y = add_vector(d, a, "y", size[0]);
    uint64_t state = 0;
    for (uint32_t t = 0; t < size[0]; t++) {
        if (rng_uniform(&r) < 0.1) state = rng_below(&r, 4);
        y[t] = 1.5 * (double)state - 2 + 0.7 * rng_normal(&r);
    }
}

/* Steps. */
static void make_garch(dataset *d, const uint32_t *size, arena *a) {
    rng r = rng_open(SEED, STREAM_DATA);
    double *y = add_vector(d, a, "y", size[0]), *sigma1 = add(d, a, "sigma1", 0, 0, 0);
    double s2 = 1;
    *sigma1 = 1;
    for (uint32_t t = 0; t < size[0]; t++) {
        double e = sqrt(s2) * rng_normal(&r);
        y[t] = 0.1 + e;
        s2 = 0.2 + 0.3 * e * e + 0.5 * s2;
    }
}

/* Tokens, documents, words. The tokens of a document stand together; a topic is a tenth of the words, of
 * which the first are the most frequent, and a document has three topics. */
static void make_topics(dataset *d, const uint32_t *size, arena *a) {
    enum { TOPICS = 50 };
    rng r = rng_open(SEED, STREAM_DATA);
    double *doc_of = add_vector(d, a, "doc_of", size[0]), *word = add_vector(d, a, "word", size[0]);
    uint64_t topics[3] = {0};
    for (uint32_t i = 0, last = UINT32_MAX; i < size[0]; i++) {
        uint32_t doc = (uint32_t)((uint64_t)i * size[1] / size[0]);
        for (int k = 0; k < 3 && doc != last; k++) topics[k] = rng_below(&r, TOPICS);
        last = doc;
        double u = rng_uniform(&r);
        uint64_t rank = (uint64_t)(u * u * (0.1 * size[2] + 1)), topic = topics[rng_below(&r, 3)];
        doc_of[i] = doc + 1;
        word[i] = i < size[2] ? i + 1 : (double)((topic * size[2] / TOPICS + rank) % size[2]) + 1;
    }
}

#define SIZES(...)                                                                                           \
    { __VA_ARGS__ }
#define WORKLOAD(label, stem, points, about, sizes, small)                                                   \
    {#label, #stem, about, points, sizes, small, make_##stem, stem##_open},
const workload WORKLOADS[] = {
#include "bench/workloads.def"
};
#undef WORKLOAD
const uint32_t WORKLOAD_COUNT = sizeof WORKLOADS / sizeof *WORKLOADS;

dataset workload_data(const workload *w, bool small, arena *a) {
    dataset d = {0};
    w->make(&d, small ? w->small : w->sizes, a);
    return d;
}

void workload_point(const workload *w, uint32_t turn, double *at, uint64_t entries) {
    (void)w;
    rng r = rng_open(SEED + turn, STREAM_POINTS);
    for (uint64_t i = 0; i < entries; i++) at[i] = 0.1 * rng_normal(&r);
}
