/* The parts of the KL of codes (surgery.h) against quadrature: of two units of a fixed guide one has a mean
 * that varies over the rows, the other has none. */
#include <math.h>
#include "tests/check.h"
#include "tests/infer/fitted.h"
#include "tests/memory.h"

enum { ROWS = 4 };
static const double MEANS[ROWS] = {-2, -0.5, 0.5, 2}, SD = 0.5;

static double normal(double x, double m, double s) {
    return exp(-0.5 * pow((x - m) / s, 2)) / (s * sqrt(2 * M_PI));
}

int main(void) {
    arena a;
    test_memory(&a);
    fit *f = fitted(&a,
                    "axis row = 4, code = 2\n"
                    "data m[row] : real = if row == 1 then -2 else if row == 2 then -0.5 else if row == 3 "
                    "then 0.5 else 2\n"
                    "data y[row] : real = 0\n"
                    "model {\n  z[row, code] ~ normal(0, 1)\n  y[row] ~ normal(sum[code](z), 1)\n}\n"
                    "guide { z[row, code] ~ normal(if code == 1 then m else 0, 0.5) }\n",
                    1);
    if (!check(f && f->latent_kls.count == 1, "a guide of codes", "no fit, or no KL")) return check_end();
    double information = 0, marginal = log(1 / SD) + 0.5 * SD * SD - 0.5, h = 1e-3; /* the second unit's */
    for (double z = -8; z < 8; z += h) {
        double q = 0;
        for (int i = 0; i < ROWS; i++) q += normal(z, MEANS[i], SD) / ROWS;
        for (int i = 0; i < ROWS; i++)
            information += h * normal(z, MEANS[i], SD) / ROWS * log(normal(z, MEANS[i], SD) / q);
        marginal += h * q * log(q / normal(z, 0, 1));
    }
    kl_parts x = f->latent_kls.at[0].parts;
    CHECK(x.known, "the parts are known");
    check(fabs(x.information.value - information) < 4 * x.information.error, "what a code tells of its row",
          "%g +- %g, not %g", x.information.value, x.information.error, information);
    check(fabs(x.marginal.value - marginal) < 4 * x.marginal.error, "how far all codes are from the prior",
          "%g +- %g, not %g", x.marginal.value, x.marginal.error, marginal);
    /* the two are the KL of a row */
    double sum = x.information.value + x.marginal.value, row = f->latent_kls.at[0].total.value / ROWS;
    check(fabs(sum - row) < 4 * (x.information.error + x.marginal.error), "they add up to the KL",
          "%g, not %g", sum, row);
    check(x.information.error < 0.1 && x.marginal.error < 0.1, "their errors are small", "%g, %g",
          x.information.error, x.marginal.error);
    check(x.active == 1 && latent_kl_active(&f->latent_kls.at[0]) == 2,
          "a unit without information is not active", "%d of 2", (int)x.active);
    arena_close(&a);
    return check_end();
}
