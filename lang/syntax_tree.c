/* The actions of the grammar: nodes from their parts, bottom up. What the grammar cannot say (one variable a
 * `data`, names without points, what may stand in which block, a `return` in each function) is checked here.
 */
#include <assert.h>

#include "lang/grammar.h"
#include "lang/parser.h"

/* ---- Lists ---- */

struct link {
    link *next;
    size_t size;
    _Alignas(16) char value[];
};

void tree_add(parser *p, list *l, const void *value, size_t size) {
    link *n = arena_take(p->arena, sizeof(link) + size);
    n->size = size;
    memcpy(n->value, value, size);
    tree_join(l, (list){n, n, 1});
}

void tree_join(list *l, list tail) {
    if (!tail.count) return;
    if (l->count) l->last->next = tail.first;
    else l->first = tail.first;
    l->last = tail.last;
    l->count += tail.count;
}

/* A list of one is its own array. */
static void *to_array(parser *p, const list *l, size_t size) {
    if (l->count == 1) return l->first->value;
    char *array = arena_take_array(p->arena, l->count, size), *to = array;
    const link *n = l->first;
    for (uint32_t i = 0; i < l->count; i++, n = n->next, to += size) {
        assert(n->size == size);
        memcpy(to, n->value, size);
    }
    return array;
}

items tree_items(parser *p, const list *l) { return (items){to_array(p, l, sizeof(item *)), l->count}; }

/* ---- Expressions ---- */

span tree_span(const parser *p, uint32_t start, uint32_t end) { return (span){p->source, start, end}; }

static span token_span(const parser *p, token t) { return tree_span(p, t.start, t.end); }

static tree new_expression(parser *p, expression_kind k, uint32_t start, uint32_t end, uint32_t height) {
    expression *e = arena_new(p->arena, expression);
    e->kind = k;
    e->at = tree_span(p, start, end);
    return (tree){e, height};
}

/* A tree that is too high is told, and a leaf goes on in its place. */
static tree limited(parser *p, tree t) {
    if (t.height <= SYNTAX_HIGHEST) return t;
    mistake(p, t.at->at, "this expression has too many operators",
            "give its parts names, `part = …`, and use those");
    return new_expression(p, EXPRESSION_number, t.at->at.start, t.at->at.end, 1);
}

static uint32_t higher(uint32_t a, uint32_t b) { return a > b ? a : b; }

tree tree_number(parser *p, token t) {
    tree e = new_expression(p, EXPRESSION_number, t.start, t.end, 1);
    e.at->number = t.number;
    return e;
}

tree tree_name(parser *p, token t) {
    tree e = new_expression(p, EXPRESSION_name, t.start, t.end, 1);
    e.at->name = t.name;
    return e;
}

tree tree_free(parser *p, token t) { return new_expression(p, EXPRESSION_free, t.start, t.end, 1); }

tree tree_unary(parser *p, operator_kind k, token operator, tree operand) {
    tree e = new_expression(p, EXPRESSION_operation, operator.start, operand.at->at.end, operand.height + 1);
    e.at->operator= k;
    e.at->left = operand.at;
    return limited(p, e);
}

tree tree_binary(parser *p, operator_kind k, tree left, tree right) {
    tree e = new_expression(p, EXPRESSION_operation, left.at->at.start, right.at->at.end,
                            higher(left.height, right.height) + 1);
    e.at->operator= k;
    e.at->left = left.at;
    e.at->right = right.at;
    return limited(p, e);
}

tree tree_choice(parser *p, token first, tree condition, tree then, tree otherwise) {
    uint32_t height = higher(condition.height, higher(then.height, otherwise.height)) + 1;
    tree e = new_expression(p, EXPRESSION_choice, first.start, otherwise.at->at.end, height);
    e.at->condition = condition.at;
    e.at->then = then.at;
    e.at->otherwise = otherwise.at;
    return limited(p, e);
}

tree tree_apply(parser *p, expression_kind k, tree head, token open, entry_list l, token close) {
    tree e = new_expression(p, k, head.at->at.start, close.end, higher(head.height, l.height) + 1);
    e.at->head = head.at;
    e.at->list = tree_entries(p, open, l, close);
    return limited(p, e);
}

void tree_entry(parser *p, entry_list *l, const token *word, tree value) {
    entry e = {.value = value.at};
    if (word) {
        e.name = word->name;
        e.name_at = token_span(p, *word);
    }
    tree_add(p, &l->list, &e, sizeof e);
    l->height = higher(l->height, value.height);
}

void tree_join_arrow(entry_list *l, entry_list outputs) {
    l->has_arrow = true;
    l->arrow = l->list.count;
    tree_join(&l->list, outputs.list);
    l->height = higher(l->height, outputs.height);
}

entries tree_entries(parser *p, token open, entry_list l, token close) {
    return (entries){.at = to_array(p, &l.list, sizeof(entry)),
                     .count = l.list.count,
                     .arrow = l.has_arrow ? l.arrow : l.list.count,
                     .has_arrow = l.has_arrow,
                     .span = tree_span(p, open.start, close.end)};
}

/* ---- Targets and types ---- */

target *tree_target(parser *p, token word, const entries *axes) {
    target *t = arena_new(p->arena, target);
    t->name = word.name;
    t->name_at = t->at = token_span(p, word);
    if (axes) {
        t->axes = *axes;
        t->at.end = axes->span.end;
    }
    return t;
}

void tree_typed(target *t, const type_syntax *type) {
    t->type = *type;
    t->at.end = type->at.end;
}

type_syntax *tree_type(parser *p, token word) {
    type_syntax *t = arena_new(p->arena, type_syntax);
    t->name = word.name;
    t->at = token_span(p, word);
    return t;
}

/* ---- Items ---- */

/* An item from `start` to the end of the last token before the grammar's look-ahead. */
static item *new_item(parser *p, item_kind k, uint32_t start) {
    item *i = arena_new(p->arena, item);
    i->kind = k;
    i->at = tree_span(p, start, p->last.end);
    return i;
}

/* A name that is being declared has no points: those reach into a net. */
static void declare(parser *p, name n, span at) {
    const char *point = strchr(n, '.');
    if (!point) return;
    mistake(p, at, arena_print(p->arena, "`%s` is declared, and has a point in it", n),
            arena_print(p->arena, "points lead to the names within a net; write `%.*s_%s`", (int)(point - n),
                        n, point + 1));
}

item *tree_axis(parser *p, token word) {
    declare(p, word.name, token_span(p, word));
    item *i = new_item(p, ITEM_axis, word.start);
    i->axis.name = word.name;
    i->axis.name_at = token_span(p, word);
    return i;
}

void tree_labels(parser *p, item *axis, list labels) {
    const axis_parameter *from = to_array(p, &labels, sizeof(axis_parameter));
    axis->axis.labels = arena_array(p->arena, name, labels.count);
    axis->axis.label_count = labels.count;
    for (uint32_t i = 0; i < labels.count; i++) axis->axis.labels[i] = from[i].name;
}

void tree_from(parser *p, item *axis, token file) {
    axis->axis.from = file.string;
    axis->axis.from_at = token_span(p, file);
}

void tree_add_name(parser *p, list *l, token word) {
    axis_parameter a = {word.name, token_span(p, word)};
    tree_add(p, l, &a, sizeof a);
}

item *tree_file(parser *p, item_kind k, token first, token file) {
    item *i = new_item(p, k, first.start);
    i->file.path = file.string;
    i->file.path_at = token_span(p, file);
    return i;
}

static targets to_targets(parser *p, const list *l) {
    return (targets){to_array(p, l, sizeof(target)), l->count};
}

item *tree_declaration(parser *p, item_kind k, token first, list places, tree value) {
    item *i = new_item(p, k, first.start);
    i->value.targets = to_targets(p, &places);
    i->value.value = value.at;
    for (uint32_t t = 0; t < places.count; t++)
        declare(p, i->value.targets.at[t].name, i->value.targets.at[t].name_at);
    const target *t = i->value.targets.at;
    if (k != ITEM_let && places.count > 1)
        mistake(p, t[1].at, arena_print(p->arena, "`%s` declares one name", first.name),
                arena_print(p->arena, "give `%s` a `%s` of its own", t[1].name, first.name));
    return i;
}

void tree_from_zero(parser *p, item *data, token number) {
    if (number.number != 0 && number.number != 1)
        mistake(p, token_span(p, number), "indices count from 1 or from 0", "write `from 0`, or nothing");
    data->value.from_zero = number.number == 0;
}

/* ---- Functions, nets and distributions ---- */

item *tree_heading(parser *p, token word, list inputs, const list *outputs) {
    declare(p, word.name, token_span(p, word));
    item *i = new_item(p, ITEM_property, word.start);
    i->function.name = word.name;
    i->function.name_at = token_span(p, word);
    i->function.arrow = inputs.count;
    if (outputs) {
        i->function.has_arrow = true;
        tree_join(&inputs, *outputs);
    }
    i->function.axes = to_array(p, &inputs, sizeof(axis_parameter));
    i->function.axis_count = inputs.count;
    return i;
}

list *tree_parameters(parser *p, list parameters) {
    list *l = arena_new(p->arena, list);
    *l = parameters;
    return l;
}

void tree_add_parameter(parser *p, list *l, const target *t) {
    declare(p, t->name, t->name_at);
    parameter q = {.name = t->name, .at = t->name_at, .axes = t->axes, .type = t->type};
    tree_add(p, l, &q, sizeof q);
}

item *tree_head(parser *p, item_kind k, token first, item *heading, const list *parameters,
                const type_syntax *result) {
    item *i = heading;
    i->kind = k;
    i->at = tree_span(p, first.start, p->last.end);
    if (parameters) {
        i->function.has_parameters = true;
        i->function.parameters = to_array(p, parameters, sizeof(parameter));
        i->function.parameter_count = parameters->count;
    }
    if (result) i->function.type = *result;
    return i;
}

/* A function and a net return something, once. Not told where a mistake within may have hidden the `return`.
 */
static void check_return(parser *p, const item *head) {
    const items *body = &head->function.items;
    const item *found = NULL;
    for (uint32_t i = 0; i < body->count; i++) {
        if (body->at[i]->kind != ITEM_return) continue;
        if (found)
            mistake(p, body->at[i]->at, "a second `return`", "return several values by one, `return a, b`");
        found = body->at[i];
    }
    if (found || (p->mistakes && p->furthest >= head->at.start)) return;
    mistake(p, head->at, arena_print(p->arena, "`%s` returns nothing", head->function.name),
            "end its body with `return` and the value");
}

void tree_body(parser *p, item *head, list statements) {
    head->function.items = tree_items(p, &statements);
    if (head->kind != ITEM_dist) check_return(p, head);
}

void tree_values(parser *p, item *head, list values) {
    head->at.end = p->last.end;
    expression **at = to_array(p, &values, sizeof *at);
    if (values.count == 1) {
        head->function.body = *at;
        return;
    }
    item *i = new_item(p, ITEM_return, at[0]->at.start);
    i->result.values = at;
    i->result.count = values.count;
    list body = {0};
    tree_add(p, &body, &i, sizeof i);
    head->function.items = tree_items(p, &body);
}

item *tree_property(parser *p, item *heading, const list *parameters, tree value) {
    item *i = tree_head(p, ITEM_property, (token){.start = heading->at.start}, heading, parameters, NULL);
    i->function.body = value.at;
    list one = {0};
    tree_add(p, &one, &i, sizeof i);
    tree_complete(p, &one);
    return i;
}

/* ---- Blocks and statements ---- */

static item *new_block(parser *p, item_kind k, token word, const list *statements) {
    item *i = new_item(p, k, word.start);
    i->at.end = word.end;
    i->block.items = tree_items(p, statements);
    return i;
}

item *tree_block(parser *p, token word, list statements) {
    item *i = new_block(p, ITEM_block, word, &statements);
    i->block.block = word.kind == TOKEN_MODEL   ? BLOCK_model
                     : word.kind == TOKEN_GUIDE ? BLOCK_guide
                                                : BLOCK_generate;
    return i;
}

item *tree_fit(parser *p, token word, list options) { return new_block(p, ITEM_fit, word, &options); }

item *tree_option(parser *p, token word, tree value) {
    item *i = new_item(p, ITEM_option, word.start);
    i->option.name = word.name;
    i->option.name_at = token_span(p, word);
    i->option.value = value.at;
    return i;
}

void tree_option_of(parser *p, item *option, token of, tree value) {
    push(p->arena, &option->option.of, (entry){of.name, token_span(p, of), value.at});
    option->option.value = value.at;
}

item *tree_draw(parser *p, list places, tree distribution) {
    item *i = new_item(p, ITEM_draw, 0);
    i->draw.targets = to_targets(p, &places);
    i->at.start = i->draw.targets.at[0].at.start;
    i->draw.distribution = distribution.at;
    return i;
}

void tree_once(parser *p, expression **slot, token word, tree value) {
    if (*slot)
        mistake(p, token_span(p, word), arena_print(p->arena, "a second `%s`", word.name),
                arena_print(p->arena, "write one `%s`; it may be an expression", word.name));
    *slot = value.at;
}

item *tree_drawn(parser *p, item *draw) {
    draw->at.end = p->last.end;
    return draw;
}

item *tree_define(parser *p, list places, tree value) {
    item *i = new_item(p, ITEM_define, 0);
    i->value.targets = to_targets(p, &places);
    i->at.start = i->value.targets.at[0].at.start;
    i->value.value = value.at;
    return i;
}

item *tree_result(parser *p, item_kind k, token first, list values) {
    item *i = new_item(p, k, first.start);
    i->result.values = to_array(p, &values, sizeof(expression *));
    i->result.count = values.count;
    return i;
}

/* ---- Where items stand ---- */

enum {
    TOP = 1,
    IN_MODEL = 2,
    IN_GUIDE = 4,
    IN_GENERATE = 8,
    IN_FN = 16,
    IN_NET = 32,
    IN_DIST = 64,
    IN_FIT = 128
};

static unsigned place_of(uint16_t block) {
    switch (block) {
    case TOKEN_MODEL: return IN_MODEL;
    case TOKEN_GUIDE: return IN_GUIDE;
    case TOKEN_GENERATE: return IN_GENERATE;
    case TOKEN_FN: return IN_FN;
    case TOKEN_NET: return IN_NET;
    case TOKEN_DIST: return IN_DIST;
    case TOKEN_FIT: return IN_FIT;
    default: return TOP;
    }
}

static const struct {
    unsigned places;
    const char *what, *help;
} PLACES[] = {
    [ITEM_axis] = {TOP, "`axis`", "declare axes at top level, outside of the blocks"},
    [ITEM_source] = {TOP, "`data from`", "name the source of the data at top level, outside of the blocks"},
    [ITEM_data] = {TOP, "`data`", "declare data at top level, outside of the blocks"},
    [ITEM_param] = {TOP | IN_MODEL | IN_GUIDE | IN_NET, "`param`",
                    "declare it at top level, in `model`, in `guide` or in a net"},
    [ITEM_let] = {TOP | IN_MODEL | IN_GUIDE | IN_GENERATE | IN_FN | IN_NET, "`let`", "write `name = value`"},
    [ITEM_fn] = {TOP, "`fn`", "define functions at top level, outside of the blocks"},
    [ITEM_net] = {TOP, "`net`", "define nets at top level, outside of the blocks"},
    [ITEM_dist] = {TOP, "`dist`", "define distributions at top level, outside of the blocks"},
    [ITEM_block] = {TOP, "a block", "close the block above with `}` first"},
    [ITEM_fit] = {TOP, "`fit`", "close the block above with `}` first"},
    [ITEM_import] = {TOP, "`import`", "import files at top level, outside of the blocks"},
    [ITEM_draw] = {IN_MODEL | IN_GUIDE | IN_GENERATE | IN_NET, "`~`",
                   "what is drawn stands in `model { … }`, in `guide`, in `generate` or in a net"},
    [ITEM_define] = {IN_MODEL | IN_GUIDE | IN_GENERATE | IN_FN | IN_NET, "`name = value`",
                     "put it into `model { … }`; at top level write `let name = value`"},
    [ITEM_factor] = {IN_MODEL | IN_NET, "`factor`", "put it into `model { … }`"},
    [ITEM_return] = {IN_FN | IN_NET, "`return`",
                     "only a `fn` or a `net` returns a value; a block only names it"},
    [ITEM_property] = {IN_DIST, "a property", "put it into a `dist`"},
    [ITEM_option] = {IN_FIT, "an option", "put it into `fit { … }`"},
};

static void check_place(parser *p, const item *i) {
    uint16_t block = reader_block(p);
    if (PLACES[i->kind].places & place_of(block)) return;
    if (!block && p->lost) return;
    mistake(p, i->at,
            arena_print(p->arena, "%s cannot stand %s%s%s", PLACES[i->kind].what,
                        block ? "in `" : "at top level", block ? token_text(block) : "", block ? "`" : ""),
            PLACES[i->kind].help);
    if (!block) p->lost = true;
}

/* Steps from the byte before `at` over blanks of its line; the result is the byte behind the last other one.
 */
static uint32_t skip_blanks_back(const char *text, uint32_t at) {
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t' || text[at - 1] == '\r')) at--;
    return at;
}

/* The `#` of the line that ends at `end`, if that line is a comment and nothing else. */
static const char *comment_line(const char *text, uint32_t end) {
    uint32_t start = end;
    while (start > 0 && text[start - 1] != '\n') start--;
    while (text[start] == ' ' || text[start] == '\t') start++;
    return text[start] == '#' ? text + start : NULL;
}

/* The comment lines directly above an item that begins its line. */
static const char *comment_above(parser *p, uint32_t start) {
    const char *text = p->text;
    uint32_t above = skip_blanks_back(text, start), end = above;
    while (end > 0 && text[end - 1] == '\n') {
        const char *line = comment_line(text, end - 1);
        if (!line) break;
        end = skip_blanks_back(text, (uint32_t)(line - text));
        if (end > 0 && text[end - 1] != '\n') break;
    }
    if (end == above) return NULL;
    char *comment = arena_take(p->arena, above - end + 1), *to = comment;
    for (const char *c = text + end; c < text + above;) {
        c = strchr(c, '#') + 1;
        c += *c == ' ';
        while (*c != '\n' && *c != '\r') *to++ = *c++;
        while (*c != '\n') c++;
        if (++c < text + above) *to++ = '\n';
    }
    return comment;
}

static void check_type(parser *p, const item *data) {
    const target *t = data->value.targets.at;
    if (t->type.name) return;
    mistake(p, t->at, arena_print(p->arena, "`%s` has no type", t->name),
            arena_print(p->arena, "write `data %.*s : real`, or another type or axis instead of `real`",
                        (int)(t->at.end - t->at.start), p->text + t->at.start));
}

void tree_complete(parser *p, const list *statements) {
    if (p->current.kind != TOKEN_END) return; /* the statement is about to be refused */
    item *first;
    memcpy(&first, statements->first->value, sizeof first);
    check_place(p, first);
    if (first->kind == ITEM_data) check_type(p, first);
    first->comment = comment_above(p, first->at.start);
}
