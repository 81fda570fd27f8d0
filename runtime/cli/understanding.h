/* A program as the compiler understood it, for people and for editors: a list of facts, which the two
 * printers put into lines or into JSON. */
#ifndef VM_CLI_UNDERSTANDING_H
#define VM_CLI_UNDERSTANDING_H

#include "runtime/cli/session.h"
#include "runtime/io/json_writer.h"

/* FACT(name in a line, list in JSON): in the order of the lines. */
#define FACTS(FACT)                                                                                          \
    FACT(axis, axes)                                                                                         \
    FACT(data, data)                                                                                         \
    FACT(param, params)                                                                                      \
    FACT(latent, latents)                                                                                    \
    FACT(derived, derived)                                                                                   \
    FACT(generated, generated)                                                                               \
    FACT(recurrence, recurrences)                                                                            \
    FACT(summed_out, summed_out)                                                                             \
    FACT(guide, guides)                                                                                      \
    FACT(contraction, contractions)                                                                          \
    FACT(weight, weights)                                                                                    \
    FACT(memory, memory)

typedef enum fact_kind {
#define FACT(name, list) FACT_##name,
    FACTS(FACT)
#undef FACT
        FACT_count
} fact_kind;

typedef enum property_form { PROPERTY_text, PROPERTY_texts, PROPERTY_number, PROPERTY_truth } property_form;

/* What a fact says: under a key in JSON, as words in its line. */
typedef struct property {
    const char *key;
    property_form form;
    const char *text; /* PROPERTY_text; NULL: null */
    double number;    /* PROPERTY_number, PROPERTY_truth; NaN: null */
    const char *const *texts;
    uint32_t count;
    const char *words; /* NULL: the line does not say it */
} property;

enum { PROPERTIES_MOST = 6 };

typedef struct fact {
    fact_kind kind;
    const char *name, *label; /* `a`, and as the line has it, `a[county]` */
    const char *const *axes;  /* NULL: it has none by its nature */
    uint32_t axis_count;
    span at;
    property has[PROPERTIES_MOST];
    uint32_t count;
} fact;

typedef struct understanding {
    vector(fact) facts;
} understanding;

/* `m` is NULL while no data are bound: sizes, costs, contractions and the memory of a fit with the options
 * `o` are told with data only. */
understanding understand(session *s, const model *m, const options *o);
void understanding_print(const understanding *u, FILE *to);
/* {"axes": […], "data": […], …}: every list of FACTS, of objects. */
void understanding_json(json_writer *w, const char *key, const understanding *u, const diagnostics *d);

#endif
