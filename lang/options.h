/* The options of a fit, from one table (options.def). */
#ifndef VM_LANG_OPTIONS_H
#define VM_LANG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef enum option_kind {
    OPTION_COUNT,
    OPTION_SEED,
    OPTION_REAL,
    OPTION_SHARE,
    OPTION_PART,
    OPTION_CHOICE,
    OPTION_CHOICES,
    OPTION_BATCH,
    OPTION_SCHEDULE,
    OPTION_DECAY,
    OPTION_ESTIMATORS
} option_kind;

/* A word by its place in the row's list, and its numbers; 0 where it has none. */
typedef struct choice {
    uint32_t word;
    double number;
    uint32_t count;
    const char *text;          /* as it was written; NULL: the default */
    const struct choice *next; /* of CHOICES, the one behind the comma; or NULL */
} choice;
enum { OPTIMIZER_adam, OPTIMIZER_sgd, OPTIMIZER_adamw, OPTIMIZER_rmsprop, OPTIMIZER_lbfgs };
enum {
    OBJECTIVE_elbo,
    OBJECTIVE_iwae,
    OBJECTIVE_renyi,
    OBJECTIVE_chi,
    OBJECTIVE_inclusive,
    OBJECTIVE_em,
    OBJECTIVE_map,
    OBJECTIVE_tmc,
    OBJECTIVE_cavi
};
typedef enum family_kind {
    FAMILY_auto,
    FAMILY_mean_field,
    FAMILY_full_rank,
    FAMILY_low_rank,
    FAMILY_flow
} family_kind;
enum { PRECISION_double, PRECISION_single };
enum { JACOBIAN_no, JACOBIAN_yes };
enum { CONTROL_none, CONTROL_regression };
enum { NOISE_random, NOISE_antithetic, NOISE_sobol };

/* How the gradient for a latent is estimated, see runtime/infer/gradients.h. */
typedef enum estimator_kind {
    ESTIMATOR_auto,
    ESTIMATOR_pathwise,
    ESTIMATOR_stl,
    ESTIMATOR_dreg,
    ESTIMATOR_score,
    ESTIMATOR_reinforce,
    ESTIMATOR_vimco,
    ESTIMATOR_enumerate,
    ESTIMATOR_concrete,
    ESTIMATOR_straight_through
} estimator_kind;

typedef struct estimator_choice {
    const char *of; /* a latent; NULL: all that are not named */
    choice how;     /* word: an estimator_kind; number: its temperature, 0 where none is given */
} estimator_choice;
typedef struct estimators {
    const estimator_choice *at;
    uint32_t count;
} estimators;

typedef struct batch {
    const char *axis; /* NULL: none */
    uint32_t size;
} batch;

typedef struct schedule {
    double from, to;
    uint32_t steps;       /* 0: none */
    double offset, power; /* (offset + step)^-power, step from 1, where the power is not 0 */
} schedule;

typedef uint64_t option_COUNT, option_SEED;
typedef double option_REAL, option_SHARE, option_PART;
typedef choice option_CHOICE, option_CHOICES;
typedef batch option_BATCH;
typedef schedule option_SCHEDULE, option_DECAY;
typedef estimators option_ESTIMATORS;

typedef struct options {
#define OPTION(name, kind, initial, example, about) option_##kind name;
#include "lang/options.def"
#undef OPTION
    uint64_t given; /* bit i: option i was set */
} options;

typedef enum option_id {
#define OPTION(name, kind, initial, example, about) OPTION_##name,
#include "lang/options.def"
#undef OPTION
    OPTION_count
} option_id;

typedef struct option_row {
    const char *name;
    option_kind kind;
    const char *example, *about;
} option_row;
extern const option_row OPTIONS[];

/* The factor at a step, from 0 on; 1 without a schedule. */
double schedule_at(schedule s, uint64_t step);

void options_default(options *o);
option_id option_find(const char *name);    /* OPTION_count where there is none */
option_id option_nearest(const char *name); /* for "did you mean"; OPTION_count where none is near */
/* Sets an option from its text, as a flag or a program gives it. False where the text is wrong; *why then
 * says what it takes. */
bool option_set(options *o, option_id id, const char *text, arena *a, const char **why);
static inline bool option_is_given(const options *o, option_id id) { return o->given >> id & 1; }
/* The first of some options that was given; OPTION_count where none was. */
option_id options_first_given(const options *o, const option_id *of, size_t count);
/* Options of `over` that were given replace those of `o`. */
void options_merge(options *o, const options *over);
/* The first word of a choice, or the text of an example, that a message may show. */
const char *option_example(option_id id, arena *a);

#endif
