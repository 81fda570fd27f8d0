/* The values of data variables: texts become indices, entries come into canonical order (dimensions by
 * ascending axis). Where nothing changes, the caller's array is the value. */
#include <math.h>

#include "base/number.h"
#include "runtime/bind/binding.h"

/* Entries of one array on their way to values, and what was wrong with them. */
typedef struct conversion {
    binding *b;
    variable of;
    const data_array *array;
    uint64_t missing, first_missing;
    uint64_t wrong, first_wrong;
} conversion;

static const char *text_at(const data_array *x, uint64_t i) { return x->texts ? x->texts[i] : NULL; }

static bool is_missing(const data_array *x, uint64_t i) {
    if (x->missing && x->missing[i]) return true;
    return !text_at(x, i) && (!x->numbers || isnan(x->numbers[i]));
}

/* Index into an axis, from 1; 0 where the entry is none. */
static double to_index(const conversion *c, const variable_row *x, uint64_t i) {
    axis a = binding_axis(c->b, x->type.index);
    const axis_state *s = &c->b->axes[a];
    const char *text = text_at(c->array, i);
    char number[NUMBER_LONGEST];
    if (!text && s->numeric) text = number_print(number, c->array->numbers[i]);
    if (text) return labels_find(&s->labels, text);
    double n = c->array->numbers[i] + x->from_zero;
    return n >= 1 && n <= binding_size(c->b, a) && floor(n) == n ? n : 0;
}

/* R and Python write what is 0 or 1 as a word. */
static bool is_truth(const char *text, double *value) {
    static const char *const WORDS[2][3] = {{"FALSE", "False", "false"}, {"TRUE", "True", "true"}};
    for (int truth = 0; truth < 2; truth++)
        for (int i = 0; i < 3; i++)
            if (strcmp(text, WORDS[truth][i]) == 0) {
                *value = truth;
                return true;
            }
    return false;
}

static bool to_number(const data_array *x, uint64_t i, support of, double *value) {
    const char *text = text_at(x, i);
    if (text && of == SUPPORT_binary && is_truth(text, value)) return true;
    if (text) return number_parse(text, value) && !isnan(*value);
    *value = x->numbers[i];
    return true;
}

static void convert(conversion *c, double *out) {
    const variable_row *x = program_variable(c->b->program, c->of);
    uint64_t count = data_array_size(c->array);
    for (uint64_t i = 0; i < count; i++) {
        bool good = true;
        if (is_missing(c->array, i)) {
            if (c->missing++ == 0) c->first_missing = i;
            out[i] = (double)NAN;
        } else if (x->type.support == SUPPORT_index) {
            good = (out[i] = to_index(c, x, i)) != 0;
        } else {
            good = to_number(c->array, i, x->type.support, &out[i]);
        }
        if (!good && c->wrong++ == 0) c->first_wrong = i;
    }
}

static const char *and_more(const conversion *c, uint64_t count) {
    if (count < 2) return "";
    return arena_print(c->b->d->arena, " (and %llu more)", (unsigned long long)(count - 1));
}

static void report_label(conversion *c, const char *where, uint32_t line, const char *text) {
    binding *b = c->b;
    axis a = binding_axis(b, program_variable(b->program, c->of)->type.index);
    const char *of = program_axis(b->program, a)->name;
    const labels *l = &b->axes[a].labels;
    if (l->list.count == 0) {
        diagnostic *said =
            diagnose_data(b->d, c->array->file, line, "%s is `%s`, but `%s` has no labels", where, text, of);
        advise(b->d, said,
               "give the labels, `axis %s = {…}` or `axis %s from \"file.csv\" key …`, or write numbers", of,
               of);
        return;
    }
    diagnostic *said =
        diagnose_data(b->d, c->array->file, line, "%s is `%s`, which is not an entry of `%s`%s", where, text,
                      of, and_more(c, c->wrong));
    const char *near = labels_nearest(l, text);
    if (near) advise(b->d, said, "did you mean `%s`?", near);
    else advise(b->d, said, "`%s` has %u labels, the first is `%s`", of, l->list.count, l->list.at[0]);
}

static void report_wrong(conversion *c) {
    binding *b = c->b;
    const variable_row *x = program_variable(b->program, c->of);
    uint32_t line;
    char number[NUMBER_LONGEST];
    const char *where = binding_entry_text(b, c->of, c->first_wrong, &line), *file = c->array->file;
    const char *text = text_at(c->array, c->first_wrong);
    if (x->type.support != SUPPORT_index) {
        diagnostic *said =
            diagnose_data(b->d, file, line, "%s is `%s`, but `%s` is declared %s%s", where, text, x->name,
                          type_text(b->program, x->type), and_more(c, c->wrong));
        advise(
            b->d, said,
            x->type.support == SUPPORT_binary
                ? "write 0 and 1, or FALSE and TRUE, with NA or nothing for what is missing"
                : "write numbers, with NA or nothing for what is missing; labels need an axis as the type");
        return;
    }
    axis a = binding_axis(b, x->type.index);
    if (!text) number_print(number, c->array->numbers[c->first_wrong]);
    if (text || b->axes[a].numeric) {
        report_label(c, where, line, text ? text : number);
        return;
    }
    uint32_t size = binding_size(b, a), base = x->from_zero ? 0 : 1;
    diagnostic *said = diagnose_data(b->d, file, line, "%s is %s, which is not an entry of `%s`%s", where,
                                     number, program_axis(b->program, a)->name, and_more(c, c->wrong));
    if (c->array->numbers[c->first_wrong] == 0 && base == 1)
        advise(b->d, said, "indices count from 1; if these count from 0, declare `%s : %s from 0`",
               variable_text(b->program, c->of), program_axis(b->program, a)->name);
    else
        advise(b->d, said, "it takes whole numbers from %u to %u: %s", base, base ? size : size - 1,
               b->axes[a].because);
}

static void report_missing(conversion *c) {
    binding *b = c->b;
    const variable_row *x = program_variable(b->program, c->of);
    uint32_t line;
    const char *where = binding_entry_text(b, c->of, c->first_missing, &line);
    diagnostic *said =
        diagnose_data(b->d, c->array->file, line, "%s is missing%s", where, and_more(c, c->missing));
    if (x->type.may_be_missing)
        advise(
            b->d, said,
            "let the model draw `%s`, whose missing entries are latents then: `%s ~ …`; or leave its row out",
            x->name, variable_text(b->program, c->of));
    else if (x->axes.count && x->observed)
        advise(b->d, said, "give it a value, leave its row out, or declare `%s : %s?` to infer it",
               variable_text(b->program, c->of), type_text(b->program, x->type));
    else advise(b->d, said, "give it a value, or leave its row out");
}

/* Whether the model draws the variable, so that what is missing of it is a latent. */
static bool may_have_gaps(const binding *b, variable v) {
    for (uint32_t i = 0; i < b->program->missing.count; i++)
        if (b->program->missing.at[i].of == v) return true;
    return false;
}

static bool is_canonical(const supply *s) {
    for (uint32_t k = 1; k < s->array->rank; k++)
        if (s->order[k - 1] > s->order[k]) return false;
    return true;
}

/* Walks the result in its own order and the source by strides. */
static const double *permute(binding *b, const supply *s, axes to, const double *from) {
    uint64_t count = data_array_size(s->array), stride = 1, step[AXES_MOST] = {0}, at = 0;
    uint32_t rank = s->array->rank, dims[AXES_MOST] = {0}, position[AXES_MOST] = {0};
    for (uint32_t k = rank; k-- > 0; stride *= s->array->dims[k])
        for (uint32_t i = 0; i < rank; i++)
            if (to.at[i] == s->order[k]) step[i] = stride, dims[i] = s->array->dims[k];
    double *out = arena_take_aligned(b->arena, count * sizeof *out);
    for (uint64_t i = 0; i < count; i++) {
        out[i] = from[at];
        for (uint32_t k = rank; k-- > 0;) {
            at += step[k];
            if (++position[k] < dims[k]) break;
            at -= step[k] * dims[k];
            position[k] = 0;
        }
    }
    return out;
}

static void fill_from_array(binding *b, variable v) {
    const variable_row *x = program_variable(b->program, v);
    const supply *s = &b->supplies[v];
    uint64_t count = data_array_size(s->array);
    conversion c = {.b = b, .of = v, .array = s->array};
    double *out = arena_take_aligned(b->arena, (count + !count) * sizeof *out);
    convert(&c, out);
    b->failed[v] = true;
    if (c.wrong) {
        report_wrong(&c);
    } else if (c.missing && !may_have_gaps(b, v)) {
        report_missing(&c);
    } else if (x->type.support == SUPPORT_index || binding_check(b, v, out)) {
        b->failed[v] = false;
        b->model->values[v] = count && !is_canonical(s) ? permute(b, s, x->axes, out) : out;
    }
}

/* Whether the array's numbers are the values as they stand. */
static bool is_value(const binding *b, variable v) {
    const variable_row *x = program_variable(b->program, v);
    const supply *s = &b->supplies[v];
    if (s->array->texts || !s->array->numbers || s->array->missing || !is_canonical(s)) return false;
    if (x->type.support == SUPPORT_index) return false;
    uint64_t count = data_array_size(s->array);
    for (uint64_t i = 0; i < count; i++)
        if (isnan(s->array->numbers[i])) return false;
    return true;
}

/* A default that is a number fills every entry; another one is left to the lowering. */
static void fill_from_default(binding *b, variable v) {
    const variable_row *x = program_variable(b->program, v);
    node value = x->value;
    while (program_node(b->program, value)->op == NODE_expand) value = program_node(b->program, value)->in[0];
    double number;
    if (!model_number(b->model, value, &number)) return;
    uint64_t count = model_size(b->model, x->axes);
    double *out = arena_take_aligned(b->arena, (count + !count) * sizeof *out);
    for (uint64_t i = 0; i < count; i++) out[i] = number;
    if (x->type.support != SUPPORT_index && !binding_check(b, v, out)) {
        b->failed[v] = true;
        return;
    }
    b->model->values[v] = out;
}

void binding_fill(binding *b, variable v) {
    const supply *s = &b->supplies[v];
    if (!s->array) fill_from_default(b, v);
    else if (!is_value(b, v)) fill_from_array(b, v);
    else if (binding_check(b, v, s->array->numbers)) b->model->values[v] = s->array->numbers;
    else b->failed[v] = true;
}
