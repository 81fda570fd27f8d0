/* Guides of the families of the priors, `conjugate()`: for each latent the statement that would have been
 * written by hand, with all arguments free. */
#include "lang/checker.h"
#include "lang/conjugate.h"

/* The kind of guide for each prior. */
static const struct {
    const char *prior;
    conjugate_kind kind;
} PRIORS[] = {{"normal", CONJUGATE_normal},
              {"gamma", CONJUGATE_gamma},
              {"exponential", CONJUGATE_gamma},
              {"chi_square", CONJUGATE_gamma},
              {"inv_gamma", CONJUGATE_inv_gamma},
              {"inv_chi_square", CONJUGATE_inv_gamma},
              {"scaled_inv_chi_square", CONJUGATE_inv_gamma},
              {"beta", CONJUGATE_beta},
              {"dirichlet", CONJUGATE_dirichlet}};

static expression *new_expression(checker *c, expression_kind kind, span at) {
    expression *e = arena_new(c->arena, expression);
    e->kind = kind, e->at = at;
    return e;
}

static expression *new_name(checker *c, name n, span at) {
    expression *e = new_expression(c, EXPRESSION_name, at);
    e->name = n;
    return e;
}

static entries new_list(checker *c, uint32_t count, span at) {
    return (entries){
        .at = arena_array(c->arena, entry, count + 1), .count = count, .arrow = count, .span = at};
}

static const item *written_statement(checker *c, variable v, const conjugate_row *row, span at) {
    const variable_row *x = program_variable(c->p, v);
    item *it = arena_new(c->arena, item);
    target *left = arena_new(c->arena, target);
    *left = (target){.name = x->name, .name_at = at, .at = at, .axes = new_list(c, x->axes.count, at)};
    for (int i = 0; i < x->axes.count; i++)
        left->axes.at[i].value = new_name(c, program_axis(c->p, x->order[i])->name, at);
    expression *call = new_expression(c, EXPRESSION_call, at);
    call->head = new_name(c, names_of(c->p->names, row->name), at);
    call->list = new_list(c, row->arguments, at);
    for (uint32_t i = 0; i < row->arguments; i++)
        call->list.at[i].value = new_expression(c, EXPRESSION_free, at);
    it->kind = ITEM_draw, it->at = at;
    it->draw.targets = (targets){left, 1};
    it->draw.distribution = call;
    return it;
}

const item *conjugate_statement(checker *c, variable v, span at) {
    const char *prior = c->p->model.at[program_variable(c->p, v)->draw].distribution;
    for (size_t i = 0; i < sizeof PRIORS / sizeof *PRIORS; i++) {
        const conjugate_row *row = &CONJUGATES[PRIORS[i].kind];
        if (strcmp(PRIORS[i].prior, prior) == 0 && library_find(c, row->name))
            return written_statement(c, v, row, at);
    }
    diagnostic *told = diagnose(c->d, DIAGNOSTIC_guide, at, "no family is known to be conjugate to `%s ~ %s`",
                                program_variable(c->p, v)->name, prior);
    advise(c->d, told,
           "conjugate priors are normal, gamma (of a precision or a rate), inv_gamma, beta and dirichlet; or "
           "give the latent a statement of its own");
    return NULL;
}
