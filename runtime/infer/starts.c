#include "runtime/infer/starts.h"

#include <math.h>
#include "base/names.h"

/* Fits whose means are nearer than this many sds, beyond Monte-Carlo error, are of one mode. */
static const double APART = 0.3, ERRORS = 4;
/* A mode is covered by draws of which, within so many of its sds, there are so many as its share, or a part.
 */
static const double WITHIN = 4, COVERED = 0.2;
/* Shares of the evidence that a fit may leave out. */
static const double LITTLE = 0.01, MUCH = 0.1;

typedef struct mode {
    fit *fit;       /* the best of those that found it */
    uint32_t found; /* by so many starts */
    double share;   /* of the evidence of all modes */
    bool covered;   /* by draws of the first */
} mode;

typedef vector(mode) modes;

static bool is_compared(const summary *s) { return s->sd > 0 && isfinite(s->mean); }

static bool agree(const fit *f, const fit *g) {
    for (uint32_t i = 0; i < f->summaries.count; i++) {
        const summary *x = &f->summaries.at[i], *y = &g->summaries.at[i];
        if (!is_compared(x) || !is_compared(y)) continue;
        double sd = sqrt(0.5 * (x->sd * x->sd + y->sd * y->sd));
        if (fabs(x->mean - y->mean) > APART * sd + ERRORS * hypot(x->mcse, y->mcse)) return false;
    }
    return true;
}

static bool is_better(const fit *f, const fit *than) {
    return f->verdict != than->verdict ? f->verdict < than->verdict : f->ess > than->ess;
}

static void add(modes *all, fit *f, arena *a) {
    for (uint32_t k = 0; k < all->count; k++) {
        mode *m = &all->at[k];
        if (!agree(m->fit, f)) continue;
        m->found++;
        bool better = is_better(f, m->fit);
        arena_close((better ? m->fit : f)->arena);
        if (better) m->fit = f;
        return;
    }
    push(a, all, (mode){.fit = f, .found = 1});
}

/* Seeds of further starts are hashes of the first and their number. */
static uint64_t seed_of(uint64_t seed, uint32_t number) {
    return number ? hash_bytes(&number, sizeof number, seed) >> 1 : seed;
}

/* Whether draws of f lie where g's do, as many as its share asks for. */
static bool covers(const fit *f, const fit *g, double share) {
    uint64_t near = 0;
    for (uint64_t d = 0; d < f->draw_count; d++) {
        bool within = true;
        for (uint32_t i = 0; i < f->summaries.count && within; i++) {
            const summary *x = &f->summaries.at[i], *y = &g->summaries.at[i];
            if (is_compared(y)) within = fabs(x->draws[d * x->stride] - y->mean) <= WITHIN * y->sd;
        }
        near += within;
    }
    return (double)near >= COVERED * share * (double)f->draw_count;
}

/* Those with more evidence first, and what share each has. */
static void weigh(modes *all) {
    for (uint32_t i = 1; i < all->count; i++)
        for (uint32_t k = i;
             k > 0 && all->at[k].fit->log_evidence.value > all->at[k - 1].fit->log_evidence.value; k--) {
            mode other = all->at[k];
            all->at[k] = all->at[k - 1];
            all->at[k - 1] = other;
        }
    double sum = 0, top = all->at[0].fit->log_evidence.value;
    for (uint32_t k = 0; k < all->count; k++) sum += exp(all->at[k].fit->log_evidence.value - top);
    for (uint32_t k = 0; k < all->count; k++) {
        mode *m = &all->at[k];
        m->share = exp(m->fit->log_evidence.value - top) / sum;
        m->covered = k == 0 || covers(all->at[0].fit, m->fit, m->share);
    }
}

static const char *list(const modes *all, bool shares, arena *a) {
    const char *text = "";
    for (uint32_t k = 0; k < all->count; k++)
        text = shares ? arena_print(a, "%s%s%.3g", text, k ? ", " : "", all->at[k].share)
                      : arena_print(a, "%s%s%u", text, k ? ", " : "", all->at[k].found);
    return text;
}

static void tell(fit *f, const modes *all, uint32_t count, uint32_t failed) {
    arena *a = f->arena;
    const char *lost = failed ? arena_print(a, "; %u came to nothing", failed) : "", *text;
    double left_out = 0;
    for (uint32_t k = 0; k < all->count; k++)
        if (!all->at[k].covered) left_out += all->at[k].share;
    if (all->count == 1) text = arena_print(a, "fits from as many starts lead to the same answer%s", lost);
    else if (left_out > LITTLE)
        text = arena_print(a,
                           "fits from as many starts found %u answers, %s times, whose shares of the "
                           "evidence are %s; the draws "
                           "are of the first, and leave out %.2g of it%s",
                           all->count, list(all, false, a), list(all, true, a), left_out, lost);
    else
        text = arena_print(a,
                           "fits from as many starts found %u answers, %s times; that with the most evidence "
                           "has draws where "
                           "the others count%s",
                           all->count, list(all, false, a), lost);
    push(a, &f->reasons, (reason){"starts", count, text});
    verdict worst = left_out > MUCH ? VERDICT_bad : left_out > LITTLE ? VERDICT_doubtful : VERDICT_good;
    if (worst > f->verdict) f->verdict = worst;
}

fit *starts_run(diagnostics *d, const model *m, const options *over, uint32_t count, arena *a, fit_host host,
                status *status) {
    modes all = {0};
    uint32_t failed = 0, ran = 0, told = d->list.count, errors = d->errors;
    options all_options = m->program->options;
    if (over) options_merge(&all_options, over);
    for (uint32_t i = 0; i < count; i++, ran++) {
        options o = all_options;
        o.seed = seed_of(all_options.seed, i);
        o.given |= (uint64_t)1 << OPTION_seed;
        host.far = i > 0;
        enum status s;
        fit *f = fit_run(d, m, &o, a, host, &s);
        if (!f && i == 0) return *status = s, NULL;
        if (!f) { /* the first told all that is wrong with the program */
            d->list.count = told, d->errors = errors;
            failed++;
            continue;
        }
        bool interrupted = f->interrupted;
        if (interrupted && i == 0) return *status = s, f;
        if (interrupted) {
            arena_close(f->arena);
            break;
        }
        f->seed = all_options.seed;
        add(&all, f, a);
        *status = s;
    }
    weigh(&all);
    fit *best = all.at[0].fit;
    tell(best, &all, ran, failed);
    if (ran < count) best->interrupted = true, *status = STATUS_interrupted;
    return best;
}
