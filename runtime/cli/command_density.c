/* vmrun log_density: the model's log density at given values of its latents, which is how others check a model. The values are read as data are: to
 * the binder the latents are simply variables that are given, so that shapes, labels and supports are checked alike. */
#include <math.h>
#include <stdio.h>

#include "base/number.h"
#include "runtime/cli/commands.h"
#include "runtime/infer/fit.h"
#include "runtime/io/read.h"

static bool is_asked_for(const variable_row *v) { return v->kind == VARIABLE_latent || v->kind == VARIABLE_param; }

/* The model with values for its latents and params among those of its data. */
static model *bind_with_latents(session *s) {
    program *given = arena_new(&s->arena, program);
    *given = *s->program;
    given->variables.at = arena_array(&s->arena, variable_row, given->variables.count + 1);
    memcpy(given->variables.at, s->program->variables.at, given->variables.count * sizeof *given->variables.at);
    for (variable v = 0; v < given->variables.count; v++) {
        variable_row *row = &given->variables.at[v];
        if (is_asked_for(row)) row->kind = VARIABLE_data, row->value = 0;
    }
    model *m = model_bind(&s->diagnostics, given, &s->data, &s->arena);
    if (m) m->program = s->program;
    return m;
}

static void print_number(double x) {
    char text[NUMBER_LONGEST];
    fputs(isfinite(x) ? number_print(text, x) : "null", stdout);
}

static void print_gradient(const session *s, const density_result *r) {
    bool first = true;
    printf(", \"gradient\": {");
    for (variable v = 0; v < s->program->variables.count; v++) {
        const variable_row *row = program_variable(s->program, v);
        if (!is_asked_for(row) || !r->gradient[v]) continue;
        printf("%s\"%s\": ", first ? "" : ", ", row->name);
        first = false;
        if (row->axes.count) printf("[");
        for (uint64_t i = 0; i < r->gradient_size[v]; i++) {
            if (i) printf(", ");
            print_number(r->gradient[v][i]);
        }
        if (row->axes.count) printf("]");
    }
    printf("}");
}

int command_log_density(session *s, const arguments *a) {
    const char *at = arguments_flag(a, FLAG_at, 0);
    if (a->files.count != 1 || !at) {
        fprintf(stderr, "vmrun: name one model and the values: `vmrun log_density model.vm --data data.json --at values.json`\n");
        return EXIT_WRONG_COMMAND;
    }
    bool complete;
    if (!session_compile(s, a->files.at[0]) || !session_load(s, a, false, &complete)) return EXIT_WRONG_INPUT;
    if (!data_read(&s->diagnostics, &s->data, at, NULL)) return session_tell(s), EXIT_WRONG_INPUT;
    model *m = bind_with_latents(s);
    status status = STATUS_ok;
    density_result *r = NULL;
    if (m) r = fit_log_density(&s->diagnostics, m, m->values, arguments_flag(a, FLAG_unconstrained, 0) != NULL, &s->arena, &status);
    if (!session_tell(s) || !r) return EXIT_WRONG_INPUT;
    printf("{\"log_density\": ");
    print_number(r->log_density);
    print_gradient(s, r);
    printf("}\n");
    return EXIT_GOOD;
}
