/* vmrun check: the mistakes of a program, or the program as it is understood. */
#include <stdio.h>

#include "autodiff/machine.h"
#include "autodiff/passes.h"
#include "runtime/bind/lower.h"
#include "runtime/cli/commands.h"

static const char *size_text(session *s, const model *m, axis a) {
    const axis_row *row = program_axis(s->program, a);
    if (m) return arena_print(&s->arena, "%u", m->axes[a].size);
    if (row->source == AXIS_labelled) return arena_print(&s->arena, "%u", row->label_count);
    if (row->source == AXIS_fixed && row->size) {
        const range *r = &program_node(s->program, row->size)->range;
        if (r->lowest == r->highest) return arena_print(&s->arena, "%g", r->lowest);
    }
    return "from the data";
}

static void print_axes(session *s, const model *m) {
    for (axis a = 0; a < s->program->axes.count; a++)
        if (program_axis(s->program, a)->of == a && program_axis(s->program, a)->source != AXIS_missing)
            printf("axis %-24s size %s\n", program_axis(s->program, a)->name, size_text(s, m, a));
}

static void print_variables(session *s) {
    const program *p = s->program;
    for (variable v = 0; v < p->variables.count; v++) {
        const variable_row *x = program_variable(p, v);
        const char *name = variable_text(p, v), *type = type_text(p, x->type);
        if (!x->self) continue; /* a name for a net or a distribution */
        if (x->kind == VARIABLE_data)
            printf("data %-24s %s%s\n", name, type, x->observed ? ", observed" : "");
        if (x->kind == VARIABLE_param) printf("param %-23s %s\n", name, type);
        if (x->kind == VARIABLE_latent)
            printf("latent %-22s %s, from %s\n", name, type, p->model.at[x->draw].distribution);
        if (x->kind == VARIABLE_derived) printf("derived %-21s %s\n", name, type);
        if (x->kind == VARIABLE_generated) printf("generated %-19s %s\n", name, type);
    }
}

static void print_sums(session *s) {
    const program *p = s->program;
    for (uint32_t i = 0; i < p->eliminations.count; i++) {
        const elimination *g = &p->eliminations.at[i];
        for (uint32_t k = 0; k < g->count; k++)
            printf("summed out %-18s %s\n", variable_text(p, p->summed.at[g->of[k]].of),
                   elimination_text(p, i));
    }
}

static void print_guide(session *s) {
    const program *p = s->program;
    for (uint32_t i = 0; i < p->guide.count; i++) {
        const draw *d = &p->guide.at[i];
        const char *how = d->kl         ? "pathwise, KL in closed form"
                          : d->pathwise ? "pathwise, sticking the landing"
                                        : "not reparameterised";
        printf("guide %-23s %s, %s\n", variable_text(p, d->of), d->distribution, how);
    }
    for (uint32_t i = 0; i < p->families.count; i++) {
        const family *f = &p->families.at[i];
        static const char *const KINDS[] = {"a family chosen by the fit", "mean_field", "full_rank",
                                            "low_rank", "flow"};
        const char *kind = KINDS[f->kind];
        for (uint32_t k = 0; k < f->count; k++)
            printf("guide %-23s %s, pathwise, sticking the landing\n", variable_text(p, f->of[k]), kind);
    }
}

/* How statements with lags are computed. */
static void print_recurrences(session *s) {
    const program *p = s->program;
    for (uint32_t i = 0; i < p->recurrences.count; i++) {
        const recurrence *r = &p->recurrences.at[i];
        const char *names = program_variable(p, r->of[0])->name;
        for (uint32_t k = 1; k < r->count; k++)
            names = arena_print(&s->arena, "%s, %s", names, program_variable(p, r->of[k])->name);
        printf("recurrence %-18s ", names);
        if (r->loop)
            printf("%sscan over %s, %u value%s carried\n", r->of_draws ? "draws: " : "",
                   program_axis(p, r->part)->name, r->carried, r->carried == 1 ? "" : "s");
        else printf("vectorised: every lagged value is data, a latent or computed before\n");
    }
}

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
    if (strcmp(wanted, "machine") == 0) machine_print(machine_new(&s->arena, &run), stdout);
}

int command_check(session *s, const arguments *a) {
    if (a->files.count != 1) {
        fprintf(stderr, "vmrun: name one model: `vmrun check model.vm`\n");
        return EXIT_WRONG_COMMAND;
    }
    const char *dump = arguments_flag(a, FLAG_dump, 0);
    if (dump && !is_pass(dump)) return unknown_pass(dump);
    s->warns = true;
    if (!session_compile(s, a->files.at[0])) return EXIT_WRONG_INPUT;
    if (dump && strcmp(dump, "syntax") == 0) {
        syntax tree = syntax_parse(&s->diagnostics, &s->names, 0);
        syntax_print(&tree, stdout);
        return EXIT_GOOD;
    }
    if (dump && strcmp(dump, "program") == 0) {
        program_print(s->program, stdout);
        return EXIT_GOOD;
    }
    bool complete, wanted = arguments_flag(a, FLAG_data, 0) || arguments_flag(a, FLAG_set, 0) || dump;
    if (!session_load(s, a, !wanted, &complete)) return EXIT_WRONG_INPUT;
    const model *m = NULL;
    bool named = s->data.arrays.count && complete;
    if (wanted || named) {
        m = model_bind(&s->diagnostics, s->program, &s->data, &s->arena);
        if (!session_tell(s)) return EXIT_WRONG_INPUT;
    }
    if (dump && m) {
        dump_tape(s, m, dump);
        return EXIT_GOOD;
    }
    print_axes(s, m);
    print_variables(s);
    print_recurrences(s);
    print_sums(s);
    print_guide(s);
    return EXIT_GOOD;
}
