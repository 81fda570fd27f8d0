/* vmrun check: the mistakes of a program, or the program as it is understood; or the program after a pass. */
#include <stdio.h>

#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/bind/lower.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/understanding.h"
#include "runtime/infer/fit.h"
#include "runtime/io/messages.h"

static bool is_pass(const char *word) {
    static const char *const OTHERS[] = {"syntax", "program", "tape", "machine"};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        if (strcmp(OTHERS[i], word) == 0) return true;
    for (int i = 0; i < PASS_COUNT; i++)
        if (strcmp(PASSES[i].name, word) == 0) return true;
    return false;
}

static int unknown_pass(const char *word) {
    fprintf(stderr, "vmrun: there is no pass `%s`; passes are syntax, program, tape", word);
    for (int i = 0; i < PASS_COUNT; i++) fprintf(stderr, ", %s", PASSES[i].name);
    fprintf(stderr, " and machine\n");
    return EXIT_WRONG_COMMAND;
}

static void show_pass(void *wanted, const char *pass, const tape *t) {
    if (strcmp(wanted, pass) == 0) tape_print(t, stdout);
}

/* The log density of the model with its gradient, for one value of each latent, as a tape after a pass. */
static void dump_tape(session *s, const model *m, const char *wanted) {
    tape written, run;
    tape_open(&written, &s->arena);
    lowering l = lower_open(m, &written, 1);
    vector(ref) inputs = {0};
    for (variable v = 0; v < s->program->variables.count; v++) {
        const variable_row *x = program_variable(s->program, v);
        if (x->kind != VARIABLE_latent && x->kind != VARIABLE_param) continue;
        push(&s->arena, &inputs, tape_input(&written, lower_axes(&l, x->axes)));
        lower_set(&l, v, inputs.at[inputs.count - 1]);
    }
    ref density = tape_sum_all(&written, lower_log_density(&l)), culprit = 0;
    ref *gradient = arena_array(&s->arena, ref, inputs.count + 1);
    tape_output(&written, density);
    if (tape_gradient(&written, density, inputs.at, inputs.count, gradient, &culprit))
        for (uint32_t i = 0; i < inputs.count; i++) tape_output(&written, gradient[i]);
    if (strcmp(wanted, "tape") == 0) {
        tape_print(&written, stdout);
        return;
    }
    tape_compile(&written, &run, &s->arena, show_pass, arena_copy(&s->arena, wanted, strlen(wanted)));
    if (strcmp(wanted, "machine") == 0) machine_print(machine_new(&s->arena, &run, NULL), stdout);
}

static int dump_text(session *s, const char *wanted) {
    if (strcmp(wanted, "syntax") == 0) {
        syntax tree = syntax_parse(&s->diagnostics, &s->names, 0);
        syntax_print(&tree, stdout);
    } else {
        program_print(s->program, stdout);
    }
    return EXIT_GOOD;
}

static int dump_bound(session *s, const arguments *a, const char *wanted) {
    bool complete;
    if (!session_load(s, a, false, &complete)) return EXIT_WRONG_INPUT;
    const model *m = model_bind(&s->diagnostics, s->program, &s->data, &s->arena);
    if (!session_tell(s)) return EXIT_WRONG_INPUT;
    dump_tape(s, m, wanted);
    return EXIT_GOOD;
}

/* The program with the data that are given or, where no flag gives any, that it names and that are there. */
static bool understand_program(session *s, const arguments *a, const char *path, understanding *u) {
    if (!session_compile(s, path)) return false;
    options all = s->program->options;
    options_merge(&all, &a->options);
    if (!fit_check(&s->diagnostics, s->program, &all)) return session_tell(s);
    bool complete, wanted = arguments_flag(a, FLAG_data, 0) || arguments_flag(a, FLAG_set, 0);
    if (!session_load(s, a, !wanted, &complete)) return false;
    const model *m = NULL;
    if (wanted || (s->data.arrays.count && complete)) {
        m = model_bind(&s->diagnostics, s->program, &s->data, &s->arena);
        if (!session_tell(s)) return false;
    }
    *u = understand(s, m, &a->options);
    return true;
}

static void print_json(const session *s, const understanding *u) {
    json_writer w = json_open(stdout);
    json_put_truth(&w, "valid", u != NULL);
    messages_json(&w, "diagnostics", &s->diagnostics);
    if (u) understanding_json(&w, "model", u, &s->diagnostics);
    else json_put_null(&w, "model");
    json_close(&w);
}

int command_check(session *s, const arguments *a) {
    if (a->files.count != 1) {
        fprintf(stderr, "vmrun: name one model: `vmrun check model.vm`\n");
        return EXIT_WRONG_COMMAND;
    }
    const char *dump = arguments_flag(a, FLAG_dump, 0), *path = a->files.at[0];
    if (dump && !is_pass(dump)) return unknown_pass(dump);
    s->warns = true;
    if (dump) {
        if (!session_compile(s, path)) return EXIT_WRONG_INPUT;
        bool of_text = strcmp(dump, "syntax") == 0 || strcmp(dump, "program") == 0;
        return of_text ? dump_text(s, dump) : dump_bound(s, a, dump);
    }
    understanding u;
    s->keeps = arguments_flag(a, FLAG_json, 0) != NULL;
    bool understood = understand_program(s, a, path, &u);
    if (s->keeps) print_json(s, understood ? &u : NULL);
    else if (understood) understanding_print(&u, stdout);
    return understood ? EXIT_GOOD : EXIT_WRONG_INPUT;
}
