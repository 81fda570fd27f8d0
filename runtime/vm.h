/* vm: variational inference for models written in a small declarative language.
 *
 *     vm_model *model;
 *     vm_compile(NULL, "coin", "data heads : count  data n : count\n"
 *                "model { p ~ beta(1, 1); heads ~ binomial(n, p) }", &model);
 *     vm_set_data(model, "heads", &(double){7}, 0, NULL);
 *     vm_set_data(model, "n", &(double){10}, 0, NULL);
 *     vm_fit *fit;
 *     if (vm_run(model, NULL, NULL, &fit) == VM_ok) printf("%g\n", vm_variable_at(fit, "p")->mean[0]);
 *
 * There is no global state, no output and no exit: everything a call has to say is in its status and in the
 * model's list of diagnostics. Different models may be used from different threads at the same time; one
 * model from one thread at a time. Every function may be given what an earlier one failed to make (NULL), and
 * then returns VM_invalid_argument. */
#ifndef VM_H
#define VM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VM_API __attribute__((visibility("default")))

typedef enum vm_status {
    VM_ok,               /* done */
    VM_invalid_program,  /* the program has mistakes; the diagnostics say which */
    VM_invalid_data,     /* the data do not fit the program; the diagnostics say where */
    VM_invalid_argument, /* the call itself is wrong */
    VM_not_finite,   /* a number that is not finite stopped the work; the diagnostics name its statement */
    VM_interrupted,  /* the host asked to stop; a fit has what there was */
    VM_out_of_memory /* the host's allocator gave no memory */
} vm_status;

/* The meaning of a status in words; static. */
VM_API const char *vm_status_text(vm_status s);
/* The version of the library, "0.1.0"; static. */
VM_API const char *vm_version(void);

/* The host's memory: `block` is NULL for a new block, `size` 0 frees it. Returns NULL when there is none. All
 * memory of a model and its fits comes from here. NULL in place of an allocator: realloc and free. */
typedef struct vm_allocator {
    void *(*allocate)(void *user, void *block, size_t old_size, size_t size);
    void *user;
} vm_allocator;

typedef struct vm_model vm_model;
typedef struct vm_fit vm_fit;

/* Compiles a program. `name` is how messages call the text; both are copied. On VM_invalid_program too *model
 * is set, so that its diagnostics can be read; it is to be freed in every case but VM_out_of_memory, when it
 * is NULL. */
VM_API vm_status vm_compile(const vm_allocator *allocator, const char *name, const char *text,
                            vm_model **model);
/* Frees a model and all its fits. NULL is allowed. */
VM_API void vm_free(vm_model *model);

/* Messages of the last call, in the order of the text: why it failed, or warnings. All strings belong to the
 * model. */
typedef struct vm_diagnostic {
    const char *code;      /* syntax, name, axes, data … (docs/diagnostics.md) */
    const char *file;      /* or NULL */
    uint32_t line, column; /* from 1; 0: none */
    const char *message, *help;
    const char *text; /* all of it, as vmrun prints it, with the line of the source marked */
} vm_diagnostic;
VM_API size_t vm_diagnostic_count(const vm_model *model);
VM_API const vm_diagnostic *vm_diagnostic_at(const vm_model *model, size_t i); /* NULL beyond the last */

/* Gives values to a data variable, dense and row-major in the order of its declaration; `dims` are its `rank`
 * (at most 15) sizes, for a single number `rank` is 0. Indices count from 1. The values are not copied: they
 * must stay until the model is freed or they are replaced. Checked against the declaration when a fit starts.
 */
VM_API vm_status vm_set_data(vm_model *model, const char *name, const double *values, uint32_t rank,
                             const uint32_t *dims);
/* The same with strings, for an index into an axis with labels; `dims` as above. Not copied either. */
VM_API vm_status vm_set_labels(vm_model *model, const char *name, const char *const *labels, uint32_t rank,
                               const uint32_t *dims);
/* Sets an option as `fit { name = value }` or a flag of vmrun would: vm_set_option(m, "seed", "7"). */
VM_API vm_status vm_set_option(vm_model *model, const char *name, const char *value);

/* Takes data away again, so that `name` is not given. */
VM_API vm_status vm_unset_data(vm_model *model, const char *name);

/* What a fit tells while it runs; returning nonzero stops it. */
typedef struct vm_progress {
    uint64_t step, steps;             /* done, at the most */
    double elbo, elbo_error, seconds; /* of the last steps; elbo: NaN before */
    const char *stage;
} vm_progress;
typedef int vm_progress_function(void *user, const vm_progress *now);

/* Fits the model to its data. `watch` may be NULL. *fit belongs to the model and lives until it is freed; it
 * is NULL unless the status is VM_ok or VM_interrupted. A model may be fitted again, with other data or
 * options; earlier fits stay as they are. */
VM_API vm_status vm_run(vm_model *model, vm_progress_function *watch, void *user, vm_fit **fit);

/* Frees one fit before its model; NULL is allowed. */
VM_API void vm_free_fit(vm_model *model, vm_fit *fit);

typedef enum vm_verdict {
    VM_good,     /* converged, the weights are good: trust the numbers */
    VM_doubtful, /* usable with care; the reasons say what to look at */
    VM_bad       /* not converged, or the family cannot hold this posterior */
} vm_verdict;
VM_API vm_verdict vm_fit_verdict(const vm_fit *fit);
VM_API size_t vm_reason_count(const vm_fit *fit);
/* One reason: its code, a number and a sentence that says what to do; any of the last three may be NULL. */
VM_API const char *vm_reason(const vm_fit *fit, size_t i, double *value, const char **text);

/* Evidence lower bound and log evidence in nats, with Monte-Carlo standard errors; Pareto k-hat of the
 * weights. The bound is the reconstruction, E log p(data | latents) under the guide, less the KL from the
 * guide to the prior. The evidence lies between `lower` and `upper`: the two bounds of a combined objective,
 * else the ELBO and the chi bound of order 2; `upper` is NaN where its error cannot be known. */
typedef struct vm_evidence {
    double elbo, elbo_error, log_evidence, log_evidence_error, khat, effective_size;
    double reconstruction, reconstruction_error, kl, kl_error;
    double lower, lower_error, upper, upper_error;
} vm_evidence;
VM_API vm_evidence vm_fit_evidence(const vm_fit *fit);

/* The marginals of one variable, row-major in the order of its axes; arrays have `size` entries. */
typedef struct vm_variable {
    const char *name;
    uint32_t rank;
    const char *const *axes;          /* names */
    const char *const *const *labels; /* of the entries, by axis; NULL for an axis without */
    const uint32_t *dims;
    size_t size;
    const double *mean, *sd, *mcse, *q05, *q50, *q95;
    const double *mode; /* of a fit with `objective = map`, NaN where it has none; else NULL */
    size_t draw_count;
    const double *draws; /* entry e of draw d is draws[d * draw_stride + e]; the stride of a param is 0 */
    size_t draw_stride;
} vm_variable;
VM_API size_t vm_variable_count(const vm_fit *fit);
VM_API const vm_variable *vm_variable_number(const vm_fit *fit, size_t i);
/* NULL where the fit reports no such variable. */
VM_API const vm_variable *vm_variable_at(const vm_fit *fit, const char *name);

/* What is known of one discrete latent that was summed out: for each entry, row-major in the order of its
 * axes, the probability of each state and the most probable one, as the program counts (0 or 1, else from 1).
 * Where `path` is nonzero that is the state on the most probable path of a chain. */
typedef struct vm_states {
    const char *name;
    uint32_t rank;
    const char *const *axes; /* names */
    const uint32_t *dims;
    size_t size;
    uint32_t states;
    const double *probability; /* size × states */
    const uint32_t *most_probable;
    int path;
} vm_states;
VM_API size_t vm_states_count(const vm_fit *fit);
VM_API const vm_states *vm_states_number(const vm_fit *fit, size_t i);
/* NULL where no such latent was summed out. */
VM_API const vm_states *vm_states_at(const vm_fit *fit, const char *name);

/* Posterior prediction: for each draw of a fit, new data from every statement that observes some, and what
 * the program derives and generates, for the data that the model has now. These may be others than those that
 * were fitted, with or without what is observed (vm_unset_data). Groups are known by their labels, or by
 * their numbers where data refer to them by number; those that were not fitted are drawn from their
 * statements. As many draws as fit into 512 MiB, at most those of the fit. Same seed, same bits. *prediction
 * belongs to the fit and lives until that or it is freed; it is NULL unless the status is VM_ok. */
typedef struct vm_prediction vm_prediction;
VM_API vm_status vm_predict(vm_model *model, vm_fit *fit, vm_prediction **prediction);
/* NULL is allowed. */
VM_API void vm_free_prediction(vm_fit *fit, vm_prediction *prediction);

/* What is predicted, observed variables first: marginals and draws. */
VM_API size_t vm_predicted_count(const vm_prediction *prediction);
VM_API const vm_variable *vm_predicted_number(const vm_prediction *prediction, size_t i);
/* NULL where there is no such variable. */
VM_API const vm_variable *vm_predicted_at(const vm_prediction *prediction, const char *name);

/* The log density of each observation, by draw, and given all other observations (PSIS-LOO; Vehtari, Gelman
 * and Gabry 2017). An observation is an entry of a statement that observes; where entries share discrete
 * latents that are summed out, all that share them are one. For data that were not fitted nothing is left
 * out: `khat` is NULL, and `elpd` the log of the mean density. */
typedef struct vm_pointwise {
    size_t count, draw_count;
    const double *log_density; /* observation i of draw d is log_density[i * draw_count + d] */
    const double *elpd;        /* by observation */
    const double *khat;        /* of the weights; above `khat_most` its elpd is too good */
    double khat_most;
    double total, total_error; /* the sum of elpd, with its standard error */
    double p_loo, p_loo_error; /* the effective number of parameters */
} vm_pointwise;
/* NULL where the data lack what is observed. */
VM_API const vm_pointwise *vm_predicted_pointwise(const vm_prediction *prediction);
/* `y[ANOKA, 3]`; NULL beyond the last. */
VM_API const char *vm_observation_name(const vm_prediction *prediction, size_t i);

#ifdef __cplusplus
}
#endif

#endif
