#include "runtime/infer/fingerprint.h"

#include <string.h>
#include "autodiff/kernels/kernels.h"
#include "base/names.h"
#include "runtime/infer/density.h"

static uint64_t hash_number(double x, uint64_t h) { return hash_bytes(&x, sizeof x, h); }
static uint64_t hash_text(const char *text, uint64_t h) {
    return text ? hash_bytes(text, strlen(text), h) : h;
}
static uint64_t hash_COUNT(uint64_t x, uint64_t h) { return hash_number((double)x, h); }
static uint64_t hash_SEED(uint64_t x, uint64_t h) { return hash_bytes(&x, sizeof x, h); }
static uint64_t hash_REAL(double x, uint64_t h) { return hash_number(x, h); }
static uint64_t hash_SHARE(double x, uint64_t h) { return hash_number(x, h); }
static uint64_t hash_PART(double x, uint64_t h) { return hash_number(x, h); }
static uint64_t hash_CHOICE(choice x, uint64_t h) {
    return hash_number(x.word, hash_number(x.number, hash_number(x.count, h)));
}
static uint64_t hash_CHOICES(choice x, uint64_t h) {
    return x.next ? hash_CHOICE(*x.next, hash_CHOICE(x, h)) : hash_CHOICE(x, h);
}
static uint64_t hash_BATCH(batch x, uint64_t h) { return hash_text(x.axis, hash_number(x.size, h)); }
static uint64_t hash_SCHEDULE(schedule x, uint64_t h) {
    return hash_number(x.from, hash_number(x.to, hash_number(x.steps, h)));
}
static uint64_t hash_DECAY(schedule x, uint64_t h) {
    return hash_SCHEDULE(x, hash_number(x.offset, hash_number(x.power, h)));
}

static uint64_t hash_ESTIMATORS(estimators x, uint64_t h) {
    for (uint32_t i = 0; i < x.count; i++) h = hash_text(x.at[i].of, hash_CHOICE(x.at[i].how, h));
    return h;
}

/* These say how far a fit goes and what is made of it, and may change where it goes on. */
static bool is_free_to_change(option_id id) {
    return id == OPTION_steps || id == OPTION_draws || id == OPTION_threads;
}

uint64_t fingerprint_of_data(const model *m, uint64_t h) {
    const program *p = m->program;
    for (axis a = 0; a < p->axes.count; a++) h = hash_number(m->axes[a].size, h);
    for (variable v = 0; v < p->variables.count; v++)
        if (m->values[v])
            h = hash_bytes(m->values[v], model_size(m, program_variable(p, v)->axes) * sizeof(double), h);
    return h;
}

uint64_t fingerprint_of(const diagnostics *d, const model *m, const options *o) {
    uint64_t h = hash_text(kernels_choose(precision_of(o))->name, 1);
    for (uint32_t i = 0; i < d->sources.count; i++)
        h = hash_bytes(d->sources.at[i].text, d->sources.at[i].length, h);
#define OPTION(name, kind, initial, example, about)                                                          \
    if (!is_free_to_change(OPTION_##name)) h = hash_##kind(o->name, h);
#include "lang/options.def"
#undef OPTION
    return fingerprint_of_data(m, h);
}
