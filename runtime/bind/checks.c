/* Whether data hold what their type says. Of what does not, the first entry is told, and how many more there
 * are. Dense arrays have an axis as a stride: along dimension k, neighbours are prod(dims[k + 1 …]) entries
 * apart. */
#include <math.h>

#include "base/number.h"
#include "runtime/bind/binding.h"

/* How far a constraint over several entries may be off, relative to their size: data are often written with
 * six digits. */
static const double SLACK = 1e-6;

static uint64_t stride_of(const data_array *x, uint32_t k) {
    uint64_t stride = 1;
    for (uint32_t i = k + 1; i < x->rank; i++) stride *= x->dims[i];
    return stride;
}

/* The dimension of the supply that runs along `a`, an axis of the program. */
static uint32_t dimension_of(const binding *b, variable v, axis a) {
    const supply *s = &b->supplies[v];
    uint32_t k = 0;
    while (k + 1 < s->array->rank && s->order[k] != a) k++;
    return k;
}

const char *binding_entry_text(const binding *b, variable v, uint64_t i, uint32_t *line) {
    const variable_row *x = program_variable(b->program, v);
    const data_array *array = b->supplies[v].array;
    *line = 0;
    if (array && array->rank && array->lines && data_array_size(array))
        *line = array->lines[i / stride_of(array, 0)];
    if (!array || x->axes.count == 0) return arena_print(b->d->arena, "`%s`", x->name);
    const char *text = "";
    for (uint32_t k = 0; k < x->axes.count; k++) {
        uint32_t dimension = dimension_of(b, v, x->order[k]);
        uint64_t position = i / stride_of(array, dimension) % array->dims[dimension] + 1;
        text = arena_print(b->d->arena, "%s%s%llu", text, k ? ", " : "", (unsigned long long)position);
    }
    return arena_print(b->d->arena, "`%s[%s]`", x->name, text);
}

static const char *file_of(const binding *b, variable v) {
    return b->supplies[v].array ? b->supplies[v].array->file : NULL;
}

/* "(3 more are wrong as well)": of `count` wrong entries the first is told. */
static const char *and_more(const binding *b, uint64_t count) {
    if (count < 2) return "";
    return arena_print(b->d->arena, " (and %llu more)", (unsigned long long)(count - 1));
}

static double bound(const binding *b, node n, double otherwise) {
    double value;
    return n && model_number(b->model, n, &value) ? value : otherwise;
}

static bool lies_within(double x, const range *r) {
    if (!isfinite(x) || (r->whole && floor(x) != x)) return false;
    return (r->open_below ? x > r->lowest : x >= r->lowest) &&
           (r->open_above ? x < r->highest : x <= r->highest);
}

static bool check_entries(binding *b, variable v, const double *x, uint64_t count) {
    const variable_row *row = program_variable(b->program, v);
    range r = type_range(b->program, row->type);
    if (row->type.support == SUPPORT_interval) {
        r.lowest = bound(b, row->type.lower, r.lowest);
        r.highest = bound(b, row->type.upper, r.highest);
    }
    if (SUPPORTS[row->type.support].event && r.lowest < 0) r.lowest -= SLACK, r.highest += SLACK;
    uint64_t wrong = 0, first = 0;
    for (uint64_t i = 0; i < count; i++)
        if (!lies_within(x[i], &r) && !(row->type.may_be_missing && isnan(x[i])) && wrong++ == 0) first = i;
    if (!wrong) return true;
    uint32_t line;
    char text[NUMBER_LONGEST];
    const char *where = binding_entry_text(b, v, first, &line);
    diagnostic *said = diagnose_data(b->d, file_of(b, v), line, "%s is %s, but `%s` is declared %s%s", where,
                                     number_print(text, x[first]), row->name,
                                     type_text(b->program, row->type), and_more(b, wrong));
    const char *about = SUPPORTS[row->type.support].about;
    if (row->type.support == SUPPORT_interval) {
        char low[NUMBER_LONGEST], high[NUMBER_LONGEST];
        about = arena_print(b->d->arena, "from %s to %s", number_print(low, r.lowest),
                            number_print(high, r.highest));
    }
    advise(b->d, said, "%s is %s; correct the data or the declaration", type_text(b->program, row->type),
           about);
    return false;
}

/* What is wrong with the n numbers at x, `stride` apart; NULL where they are as the support says. `at` is the
 * first wrong one. */
static const char *wrong_vector(support s, const double *x, uint32_t n, uint64_t stride, uint32_t *at,
                                double *value) {
    double sum = 0, squares = 0, size = 0;
    *at = 0;
    for (uint32_t i = 0; i < n; i++) {
        double now = x[i * stride];
        sum += now, squares += now * now, size += fabs(now);
        if (i && (s == SUPPORT_ordered || s == SUPPORT_positive_ordered) && !(now > x[(i - 1) * stride])) {
            *at = i, *value = now;
            return "is not greater than the entry before it";
        }
    }
    *value = s == SUPPORT_unit_vector ? sqrt(squares) : sum;
    if (s == SUPPORT_simplex && !(fabs(sum - 1) <= SLACK)) return "starts entries that should sum to 1";
    if (s == SUPPORT_sum_to_zero && !(fabs(sum) <= SLACK * (1 + size)))
        return "starts entries that should sum to 0";
    if (s == SUPPORT_unit_vector && !(fabs(*value - 1) <= SLACK))
        return "starts a vector that should have length 1";
    return NULL;
}

static bool check_vectors(binding *b, variable v, const double *x, uint64_t count) {
    const variable_row *row = program_variable(b->program, v);
    const data_array *array = b->supplies[v].array;
    uint32_t k = dimension_of(b, v,
                              row->type.index != AXIS_NONE && axes_has(row->axes, row->type.index)
                                  ? row->type.index
                                  : row->order[row->axes.count - 1]);
    uint32_t n = array->dims[k];
    uint64_t stride = stride_of(array, k), wrong = 0, first = 0;
    const char *what = NULL;
    double value = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (i / stride % n) continue; /* not the first of a vector */
        uint32_t at;
        double got;
        const char *found = wrong_vector(row->type.support, x + i, n, stride, &at, &got);
        if (found && wrong++ == 0) what = found, value = got, first = i + at * stride;
    }
    if (!wrong) return true;
    uint32_t line;
    char text[NUMBER_LONGEST];
    const char *where = binding_entry_text(b, v, first, &line);
    diagnostic *said = diagnose_data(b->d, array->file, line, "%s %s, not %s%s", where, what,
                                     number_print(text, value), and_more(b, wrong));
    if (row->type.support == SUPPORT_ordered || row->type.support == SUPPORT_positive_ordered)
        said->message = arena_print(b->d->arena, "%s, %s, %s%s", where, text, what, and_more(b, wrong));
    advise(b->d, said, "%s is %s; correct the data or the declaration", type_text(b->program, row->type),
           SUPPORTS[row->type.support].about);
    return false;
}

/* A square matrix within an array. */
typedef struct square {
    const double *at;
    uint32_t n;
    uint64_t down, across;
} square;

static double entry_of(const square *m, uint32_t i, uint32_t j) { return m->at[i * m->down + j * m->across]; }

static const char *wrong_symmetric(const square *m, bool unit_diagonal, double *l) {
    uint32_t n = m->n;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j <= i; j++) {
            double a = entry_of(m, i, j), scale = sqrt(fabs(entry_of(m, i, i) * entry_of(m, j, j)));
            if (!(fabs(a - entry_of(m, j, i)) <= SLACK * scale)) return "is not symmetric";
            if (unit_diagonal && i == j && !(fabs(a - 1) <= SLACK)) return "has a diagonal that is not 1";
        }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j <= i; j++) {
            double sum = entry_of(m, i, j);
            for (uint32_t k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
            if (i == j && !(sum > 0)) return "is not positive definite";
            l[i * n + j] = i == j ? sqrt(sum) : sum / l[j * n + j];
        }
    return NULL;
}

static const char *wrong_factor(const square *m, bool unit_rows) {
    for (uint32_t i = 0; i < m->n; i++) {
        double squares = 0;
        for (uint32_t j = 0; j < m->n; j++) {
            if (j > i && entry_of(m, i, j) != 0) return "is not 0 above the diagonal";
            squares += entry_of(m, i, j) * entry_of(m, i, j);
        }
        if (!(entry_of(m, i, i) > 0)) return "has a diagonal that is not positive";
        if (unit_rows && !(fabs(squares - 1) <= SLACK)) return "has a row that is not of length 1";
    }
    return NULL;
}

static const char *wrong_matrix(support s, const square *m, double *scratch) {
    if (s == SUPPORT_correlation || s == SUPPORT_covariance)
        return wrong_symmetric(m, s == SUPPORT_correlation, scratch);
    return wrong_factor(m, s == SUPPORT_cholesky_correlation);
}

static bool check_matrices(binding *b, variable v, const double *x, uint64_t count) {
    const variable_row *row = program_variable(b->program, v);
    const data_array *array = b->supplies[v].array;
    uint32_t rank = row->axes.count;
    uint32_t k = dimension_of(b, v, row->order[rank - 2]), l = dimension_of(b, v, row->order[rank - 1]);
    square m = {NULL, array->dims[k], stride_of(array, k), stride_of(array, l)};
    double *scratch = arena_array(b->arena, double, (uint64_t)m.n *m.n);
    uint64_t wrong = 0, first = 0;
    const char *what = NULL;
    for (uint64_t i = 0; i < count; i++) {
        if (i / m.down % m.n || i / m.across % m.n) continue; /* not the corner of a matrix */
        m.at = x + i;
        const char *found = wrong_matrix(row->type.support, &m, scratch);
        if (found && wrong++ == 0) what = found, first = i;
    }
    if (!wrong) return true;
    uint32_t line;
    const char *where = binding_entry_text(b, v, first, &line);
    diagnostic *said = diagnose_data(b->d, array->file, line, "the matrix that starts at %s %s%s", where,
                                     what, and_more(b, wrong));
    advise(b->d, said, "%s is %s; correct the data or the declaration", type_text(b->program, row->type),
           SUPPORTS[row->type.support].about);
    return false;
}

bool binding_check(binding *b, variable v, const double *values) {
    const variable_row *row = program_variable(b->program, v);
    const data_array *array = b->supplies[v].array;
    uint64_t count = array ? data_array_size(array) : model_size(b->model, row->axes);
    uint8_t event = SUPPORTS[row->type.support].event;
    if (!check_entries(b, v, values, count)) return false;
    if (!array || event == 0 || row->axes.count < event) return true;
    return event == 1 ? check_vectors(b, v, values, count) : check_matrices(b, v, values, count);
}
