/* P = P(X < Y) of two beta variables, X of u and v, a whole number, Y of a and b. It is also the probability
 * of fewer than v failures before u successes whose chance is a draw from beta(a, b), and so the sum over j <
 * v of terms, of which each is the one before times
 *
 *   t(j + 1) / t(j) = (b + j) (u + j) / ((1 + j) (n + j)),   n = a + b + u
 *
 * They rise to one place and fall from there, in the end as j^-(a + 1). What is summed up are the terms below
 * v, and those from v on, from the largest one of each outwards, as shares of that one: nothing cancels, and
 * the logarithm of the odds of both needs no constant. Where neighbours differ by less than SMOOTH of them,
 * the sum goes over into an integral over log j, of t by Stirling's series, between half whole numbers, by
 * Gauss's rule on pieces of which none is too long for the poles at negative j, nor for what t falls over it.
 * An end of the integral lacks d1 / 24 - 17 d3 / 5760 + 367 d5 / 967680 (Euler and Maclaurin), where d1, d3,
 * d5 are the central differences of the terms on both sides of it. So 1e9 terms are a few hundred.
 *
 * A derivative of log t(j), less that of t at another place, is a sum of 1 / (b + j) and the like; that of
 * the logarithm of the odds is a difference of its means over both parts. */
#include "autodiff/beta_below.h"

#include <math.h>
#include <stdbool.h>

#include "autodiff/kernels/coefficients_table.h"

enum { NODES = 32, FIRST = 64 /* the least j of the integral */, SIDE = 3 /* terms beside its end */ };
static const double SMOOTH = 0.05, FALL = 25, WIDTH = 8, NOTHING = 1e-18, FAR = 1e17;
static const double AT[NODES] = {C_GAUSS_NODES}, WEIGHT[NODES] = {C_GAUSS_WEIGHTS};

typedef struct terms {
    double u, a, b, n;
    double low, high;     /* the smaller of b and u, and the larger */
    double gap, gap_rest; /* n - high, exactly */
} terms;

/* A sum of terms, and the means over them of the derivatives of their logarithms, by u, a and b: all as
 * shares of, or differences from, those of the term at one place. While a sum is gathered the means are sums.
 */
enum { BY_U, BY_A, BY_B, SLOPES };
typedef struct total {
    double sum, by[SLOPES];
} total;

static void add(total *s, double weight, const total *x) {
    s->sum += weight * x->sum;
    for (int i = 0; i < SLOPES; i++) s->by[i] += weight * x->sum * x->by[i];
}

static double ratio(const terms *t, double j) { return (t->b + j) / (t->n + j) * ((t->u + j) / (1 + j)); }

/* From the term at j to the next one, or to the one before. */
static void step(const terms *t, total *x, double j, int way) {
    double at = way > 0 ? j : j - 1, r = ratio(t, at), n = way / (t->n + at);
    x->sum = way > 0 ? x->sum * r : x->sum / r;
    x->by[BY_U] += (t->a + t->b) / (t->u + at) * n;
    x->by[BY_B] += (t->a + t->u) / (t->b + at) * n;
    x->by[BY_A] -= n;
}

/* What lgamma(x) has beyond (x - 1/2) log x - x, less a constant; and digamma(x) beyond log x. */
static double stirling_rest(double x) {
    double r = 1 / (x * x);
    return (1. / 12 - r * (1. / 360 - r * (1. / 1260 - r / 1680))) / x;
}

static double digamma_rest(double x) {
    double r = 1 / (x * x);
    return -0.5 / x - r * (1. / 12 - r * (1. / 120 - r / 252));
}

/* The logarithm of gamma(x + d) / gamma(x) over gamma(y + d) / gamma(y), for x = y + gap; and its derivative
 * by d, less that at 0. */
static double log_rise(double x, double y, double gap, double d) {
    return gap * log1p(d / x) + (y - 0.5) * log1p(-d / (y + d) * (gap / x)) + d * log1p(gap / (y + d)) +
           (stirling_rest(x + d) - stirling_rest(x)) - (stirling_rest(y + d) - stirling_rest(y));
}

static double digamma_rise(double x, double y, double gap, double d) {
    return log1p(-d / (y + d) * (gap / x)) + (digamma_rest(x + d) - digamma_rest(x)) -
           (digamma_rest(y + d) - digamma_rest(y));
}

/* The logarithm of t(j + d) / t(j) as `sum`, and its derivatives, between places about FIRST and beyond. */
static total moved(const terms *t, double j, double d) {
    double n = t->n + j, low = t->low + j, high = t->high + j;
    total x = {
        log_rise(low, 1 + j, t->low - 1, d) + log_rise(high, n, -t->gap, d) - t->gap_rest * log1p(d / high),
        {digamma_rise(t->u + j, n, -(t->a + t->b), d), -log1p(d / n) - digamma_rest(n + d) + digamma_rest(n),
         digamma_rise(t->b + j, n, -(t->a + t->u), d)}};
    return x;
}

/* The same of any places: one by one up to FIRST. */
static total between(const terms *t, double from, double to) {
    total x = {1, {0}};
    double logs = 0;
    bool near = to - from <= 2 * FIRST;
    for (; from < to && (near || from < FIRST); from++) {
        step(t, &x, from, 1);
        if (x.sum < 1e-250 || x.sum > 1e250) logs += log(x.sum), x.sum = 1;
    }
    total rest = from < to ? moved(t, from, to - from) : (total){0};
    rest.sum += logs + log(x.sum);
    for (int i = 0; i < SLOPES; i++) rest.by[i] += x.by[i];
    return rest;
}

/* The term at j + d, by that at j. */
static total term_at(const terms *t, const total *x, double j, double d) {
    total y = moved(t, j, d);
    y.sum = x->sum * exp(y.sum);
    for (int i = 0; i < SLOPES; i++) y.by[i] += x->by[i];
    return y;
}

/* What an end of the integral lacks, between the places of j + d and j + d - way; the sum is on the side of
 * `way`. */
static void add_end(const terms *t, const total *x, double j, double d, int way, total *sum) {
    static const double FIRST_ORDER = 1. / 24, THIRD = 17. / 5760, FIFTH = 367. / 967680;
    const double weights[SIDE] = {FIRST_ORDER + 3 * THIRD + 10 * FIFTH, -THIRD - 5 * FIFTH, FIFTH};
    for (int i = 0; i < SIDE; i++) {
        total inside = term_at(t, x, j, d + way * i), outside = term_at(t, x, j, d - way * (i + 1));
        add(sum, weights[i], &inside);
        add(sum, -weights[i], &outside);
    }
}

/* What so many times a term is at least as much as all that follow, of a sum that has an end or falls as a
 * power. */
static double reach(const terms *t, double j, int way) {
    return way > 0 ? (1 + 1 / t->a) / (1 - ratio(t, j)) : 1 / (1 - 1 / ratio(t, j - 1));
}

/* The integral behind j, where the term is x, up to the place half beyond `last`; false where all that
 * follows is nothing, or is added too. */
static bool integrate(const terms *t, const total *x, double j, double last, int way, total *sum) {
    double place = j + 0.5 * way, end = last + 0.5 * way, piece = WIDTH;
    while (way * (end - place) > 0) {
        total at = term_at(t, x, j, place - j);
        piece = fmin(fmin(4 * piece, WIDTH), fabs(log(end / place)));
        bool rest = piece < WIDTH;
        while (fabs(moved(t, place, place * expm1(way * piece)).sum) > FALL) piece *= 0.5, rest = false;
        for (int i = 0; i < NODES; i++) {
            double d = place * expm1(way * piece * AT[i]);
            total y = term_at(t, &at, place, d);
            add(sum, piece * WEIGHT[i] * (place + d), &y);
        }
        place = rest ? end : place * exp(way * piece);
        at = term_at(t, x, j, place - j);
        if (!(at.sum * reach(t, place, way) >= NOTHING * sum->sum)) return false;
        if (way < 0 || place < FAR * t->n) continue;
        at.sum *= place / t->a; /* from here on it is a power */
        at.by[BY_A] -= 1 / t->a;
        add(sum, 1, &at);
        return false;
    }
    return true;
}

static bool is_smooth(const terms *t, double j, int way) {
    double here = ratio(t, j), next = ratio(t, j + way);
    return fabs(here - 1) <= SMOOTH && fabs(next - here) <= SMOOTH * SMOOTH;
}

/* The sum of so many terms behind the one at j, upwards or downwards, none larger than the one before. */
static total outward(const terms *t, double j, double count, int way) {
    total sum = {0}, x = {1, {0}};
    double last = j + way * count, by_integral = way > 0 ? last : fmax(last, FIRST + SIDE);
    while (j != last) {
        if (j >= FIRST + SIDE && fabs(by_integral - j) > 2 * FIRST && is_smooth(t, j, way)) {
            add_end(t, &x, j, way, way, &sum);
            if (!integrate(t, &x, j, by_integral, way, &sum)) break;
            add_end(t, &x, j, by_integral - j, -way, &sum);
            x = term_at(t, &x, j, by_integral - j);
            j = by_integral;
        } else {
            step(t, &x, j, way);
            j += way;
            add(&sum, 1, &x);
            if (!(x.sum * reach(t, j, way) >= NOTHING * sum.sum)) break;
        }
    }
    return sum;
}

/* All terms of a part about its largest one, as shares of that. */
static total part_about(const terms *t, double top, double below, double above) {
    total sum = {1, {0}}, down = outward(t, top, below, -1), up = outward(t, top, above, 1);
    sum.sum += down.sum + up.sum;
    for (int i = 0; i < SLOPES; i++) sum.by[i] = (down.by[i] + up.by[i]) / sum.sum;
    return sum;
}

static terms terms_of(double u, double a, double b) {
    terms t = {.u = u, .a = a, .b = b, .n = a + b + u, .low = fmin(u, b), .high = fmax(u, b)};
    double larger = fmax(a, t.low), smaller = fmin(a, t.low);
    t.gap = larger + smaller;
    t.gap_rest = smaller - (t.gap - larger);
    return t;
}

beta_order beta_below(double u, double v, double a, double b) {
    v = floor(v);
    bool proper = u > 0 && v >= 1 && a > 0 && b > 0 && u + v + a + b < INFINITY;
    if (!proper) {
        double none = (double)NAN;
        return (beta_order){none, none, {none, none, none, none}, {none, none, none, none}};
    }
    terms t = terms_of(u, a, b);
    double mode = fmax(0, ceil((b * u - t.n) / (a + 1))), low = fmin(mode, v - 1), high = fmax(mode, v);
    total below = part_about(&t, low, low, v - 1 - low), above = part_about(&t, high, high - v, INFINITY);
    total odds = between(&t, low, high);
    odds.sum += log(above.sum) - log(below.sum);
    for (int i = 0; i < SLOPES; i++) odds.by[i] += above.by[i] - below.by[i];
    double r = exp(-fabs(odds.sum)), more = 1 / (1 + r), less = r / (1 + r);
    bool up = odds.sum > 0;
    double share = up ? more : less, rest = up ? less : more;
    const double by[BETA_OPERANDS] = {odds.by[BY_U], 0, odds.by[BY_A], odds.by[BY_B]};
    beta_order y = {-fmax(odds.sum, 0) - log1p(r), fmin(odds.sum, 0) - log1p(r), {0}, {0}};
    for (int i = 0; i < BETA_OPERANDS; i++) y.below_by[i] = -share * by[i], y.above_by[i] = rest * by[i];
    return y;
}
