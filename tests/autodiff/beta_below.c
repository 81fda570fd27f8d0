/* The order of two beta variables X(u, v) and Y(a, b) where it has a closed form, for counts up to 1e9:
 *
 *   P(X > Y) = E X^a for b = 1 and P(X < Y) = E (1 - X)^b for a = 1, ratios of gamma functions, so that
 *   d log P(X > Y) / da = digamma(u + a) - digamma(u + v + a), likewise by b
 *
 * and 1/2 where both are alike. Sums of a few hundred rounded terms: within 1e-12. Smaller counts, and any a
 * and b, are among the distributions' references. */
#include "autodiff/beta_below.h"

#include <math.h>

#include "tests/check.h"

/* digamma(x + n) - digamma(x), term by term or, from 64 on, by the trapezoidal rule for 1 / x and its ends.
 */
static long double digamma_rise(long double x, long double n) {
    long double sum = 0;
    for (; n > 0 && x < 64; x++, n--) sum += 1 / x;
    if (n <= 0) return sum;
    long double y = x + n, r = 1 / (x * x), s = 1 / (y * y);
    return sum + log1pl(n / x) - (1 / y - 1 / x) / 2 - (s - r) / 12 + (s * s - r * r) / 120 -
           (s * s * s - r * r * r) / 252;
}

static bool near(double got, long double want) { return fabsl(got - want) <= 1e-12L * fabsl(want); }

static void check_pair(double u, double v) {
    char name[80];
    snprintf(name, sizeof name, "beta_below %g %g", u, v);
    beta_order flat = beta_below(u, v, 1, 1), rising = beta_below(u, v, 2, 1),
               falling = beta_below(u, v, 1, 2);
    bool good = near(flat.below, -log1pl((long double)u / v)) &&
                near(flat.above, -log1pl((long double)v / u)) &&
                near(flat.below_by[0], -1 / ((long double)u + v)) &&
                near(flat.above_by[0], v / (u * ((long double)u + v))) &&
                near(flat.above_by[2], -digamma_rise(u + 1.L, v)) &&
                near(flat.below_by[3], -digamma_rise(v + 1.L, u)) && flat.below_by[1] == 0;
    check(good, name, "%.17g %.17g by %.17g %.17g %.17g", flat.below, flat.above, flat.below_by[0],
          flat.above_by[2], flat.below_by[3]);
    good = near(rising.above, -log1pl((long double)v / u) - log1pl(v / (u + 1.L))) &&
           near(rising.above_by[2], -digamma_rise(u + 2.L, v)) &&
           near(falling.below, -log1pl((long double)u / v) - log1pl(u / (v + 1.L))) &&
           near(falling.below_by[3], -digamma_rise(v + 2.L, u));
    snprintf(name, sizeof name, "beta_below %g %g aslant", u, v);
    check(good, name, "%.17g %.17g by %.17g %.17g", rising.above, falling.below, rising.above_by[2],
          falling.below_by[3]);
    beta_order even = beta_below(u, u, u, u);
    double rounded = 1e-12 + 16 * 0x1p-52 * u * fabs(even.below_by[0]); /* as if the arguments were */
    snprintf(name, sizeof name, "beta_below %g even", u);
    check(fabs(even.below + log(2)) <= rounded && fabs(even.above + log(2)) <= rounded &&
              near(even.below_by[0], -even.below_by[2]),
          name, "%.17g %.17g by %.17g %.17g", even.below, even.above, even.below_by[0], even.below_by[2]);
}

int main(void) {
    static const double COUNTS[] = {1, 2, 30, 1000, 123456, 1e9};
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++) check_pair(COUNTS[i], COUNTS[k]);
    beta_order none = beta_below(-1, 2, 1, 1);
    CHECK(isnan(none.below) && isnan(none.above) && isnan(none.below_by[0]), "beta_below outside");
    return check_end();
}
