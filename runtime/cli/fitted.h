/* The posterior that a command works with: fitted now, with the options of `fit`, or the draws of a file,
 * `--fit draws.csv`. */
#ifndef VM_CLI_FITTED_H
#define VM_CLI_FITTED_H

#include "runtime/cli/session.h"
#include "runtime/infer/posterior.h"

typedef struct fitted {
    posterior draws;
    fit *fit; /* NULL: read from a file */
    verdict verdict;
    uint64_t seed;
    bool same_data; /* as the model is bound to: those that were fitted */
} fitted;

/* `whole` is the model with all its data, or NULL where some outcome is not given, which only a file allows.
 * False, told, where there is no posterior; *code is then the exit status. */
bool fitted_find(session *s, const arguments *a, const model *whole, fitted *to, int *code);

#endif
