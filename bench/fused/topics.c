/* p = theta[doc] . phi[word] over topics; d log p / d theta[doc] = phi[word] / p, and the other way round.
 * phi is brought into the order of words, so that a token is two rows of neighbours, padded to whole vectors.
 */
#include "bench/fused/fused.h"
#include "bench/fused/simplex.h"

enum { BLOCK = 1024, WIDTH_MOST = 256 };
static const double OF_TOPICS = 0.5, OF_WORDS = 0.1; /* concentrations */

typedef struct topics {
    fused base;
    uint32_t docs, words, topics, width; /* the width of a row, whole vectors */
    size_t tokens;
    uint32_t *doc_of, *word;
    double *theta, *phi;       /* docs × width, words × width */
    double *by_theta, *by_phi; /* d log p / d theta, d phi */
    double *row, *rows;        /* of words; topics × words */
    double *topic_scales, *word_scales;
} topics;

static real token(const topics *f, size_t i) {
    const double *theta = f->theta + (size_t)f->doc_of[i] * f->width,
                 *phi = f->phi + (size_t)f->word[i] * f->width;
    double *by_theta = f->by_theta + (size_t)f->doc_of[i] * f->width,
           *by_phi = f->by_phi + (size_t)f->word[i] * f->width;
    real sum = all(0), other = all(0);
    uint32_t k = 0;
    for (; k + 2 * LANES <= f->width; k += 2 * LANES) {
        sum += load(theta + k) * load(phi + k);
        other += load(theta + k + LANES) * load(phi + k + LANES);
    }
    for (; k < f->width; k += LANES) sum += load(theta + k) * load(phi + k);
    double p = across(sum + other), inverse = 1 / p;
    for (k = 0; k < f->width; k += LANES) {
        store(by_theta + k, load(by_theta + k) + inverse * load(phi + k));
        store(by_phi + k, load(by_phi + k) + inverse * load(theta + k));
    }
    return all(p);
}

static double likelihood(const topics *f) {
    double p[BLOCK];
    real logs = all(0);
    for (size_t i = 0; i < f->tokens; i += BLOCK) {
        size_t n = f->tokens - i < BLOCK ? f->tokens - i : BLOCK;
        for (size_t k = 0; k < n; k++) p[k] = token(f, i + k)[0];
        for (size_t k = n; k % LANES; k++) p[k] = 1;
        for (size_t k = 0; k < n; k += LANES) logs += LIBMVEC(log)(load(p + k));
    }
    return across(logs);
}

static double doc_topics(const topics *f, const double *at) {
    double logs = 0;
    for (uint32_t d = 0; d < f->docs; d++)
        logs += simplex_of(at + (size_t)d * (f->topics - 1), f->topic_scales, f->topics,
                           f->theta + (size_t)d * f->width);
    return logs;
}

static double topic_words(const topics *f, const double *at) {
    double logs = 0;
    for (uint32_t k = 0; k < f->topics; k++) {
        double *row = f->rows + (size_t)k * f->words;
        logs += simplex_of(at + (size_t)k * (f->words - 1), f->word_scales, f->words, row);
    }
    for (uint32_t w = 0; w < f->words; w++)
        for (uint32_t k = 0; k < f->topics; k++)
            f->phi[(size_t)w * f->width + k] = f->rows[(size_t)k * f->words + w];
    return logs;
}

static void pull_docs(const topics *f, double *gradient) {
    double by_log[WIDTH_MOST];
    for (uint32_t d = 0; d < f->docs; d++) {
        const double *x = f->theta + (size_t)d * f->width, *by = f->by_theta + (size_t)d * f->width;
        for (uint32_t k = 0; k < f->topics; k++) by_log[k] = OF_TOPICS + by[k] * x[k];
        simplex_pull(by_log, x, f->topic_scales, f->topics, gradient + (size_t)d * (f->topics - 1));
    }
}

static void pull_words(const topics *f, double *gradient) {
    for (uint32_t k = 0; k < f->topics; k++) {
        const double *x = f->rows + (size_t)k * f->words;
        for (uint32_t w = 0; w < f->words; w++)
            f->row[w] = OF_WORDS + f->by_phi[(size_t)w * f->width + k] * x[w];
        simplex_pull(f->row, x, f->word_scales, f->words, gradient + (size_t)k * (f->words - 1));
    }
}

static void run(fused *base, const double *at, double *value, double *gradient) {
    const topics *f = (const topics *)base;
    const size_t thetas = (size_t)f->docs * (f->topics - 1);
    double of_docs = doc_topics(f, at), of_words = topic_words(f, at + thetas);
    memset(f->by_theta, 0, sizeof(double) * f->docs * f->width);
    memset(f->by_phi, 0, sizeof(double) * f->words * f->width);
    *value = likelihood(f) + OF_TOPICS * of_docs + OF_WORDS * of_words +
             f->docs * simplex_prior(0, OF_TOPICS, f->topics) +
             f->topics * simplex_prior(0, OF_WORDS, f->words);
    pull_docs(f, gradient);
    pull_words(f, gradient + thetas);
}

static uint32_t *indices(const array *x, uint32_t *most, arena *a) {
    uint32_t *at = arena_array(a, uint32_t, x->dims[0]);
    for (uint32_t i = 0; i < x->dims[0]; i++) {
        at[i] = (uint32_t)x->values[i] - 1;
        if (at[i] >= *most) *most = at[i] + 1;
    }
    return at;
}

fused *topics_open(const dataset *d, uint32_t points, arena *a) {
    (void)points;
    topics *f = arena_new(a, topics);
    const array *doc_of = dataset_find(d, "doc_of"), *word = dataset_find(d, "word");
    *f = (topics){.base = {.run = run}, .topics = 50, .tokens = doc_of->dims[0]};
    f->doc_of = indices(doc_of, &f->docs, a);
    f->word = indices(word, &f->words, a);
    f->width = (f->topics + LANES - 1) / LANES * LANES;
    f->theta = arena_take_aligned(a, sizeof(double) * f->docs * f->width);
    f->by_theta = arena_take_aligned(a, sizeof(double) * f->docs * f->width);
    f->phi = arena_take_aligned(a, sizeof(double) * f->words * f->width);
    f->by_phi = arena_take_aligned(a, sizeof(double) * f->words * f->width);
    f->row = arena_take_aligned(a, sizeof(double) * f->words);
    f->rows = arena_take_aligned(a, sizeof(double) * f->words * f->topics);
    f->topic_scales = simplex_scales(f->topics, a);
    f->word_scales = simplex_scales(f->words, a);
    return &f->base;
}
