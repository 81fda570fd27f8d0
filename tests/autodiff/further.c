/* The kernels of the less common special functions, of each instruction set that this processor has, against
 * multiple precision (further_reference.py), in units in the last place; edges. lbeta has a zero along a
 * curve: its unit is that of the larger of the value and of what it changes by when its arguments do,
 * relatively; likewise the von Mises functions, whose argument is an angle. */
#include <math.h>
#include "autodiff/kernels/kernels.h"
#include "tests/autodiff/further_reference.h"
#include "tests/check.h"

static double run(const kernels *k, op f, double x, double y) {
    double z;
    if (k->unary[f]) k->unary[f](&z, &x, 1);
    else k->binary[f](&z, &x, &y, 1);
    return z;
}

/* By how much the value changes with its arguments, relatively; 0 where that does not count. */
static double change(const kernels *k, op f, double x, double y) {
    if (f == OP_lbeta) return x * run(k, OP_digamma_rise, x, y) + y * run(k, OP_digamma_rise, y, x);
    if (f == OP_log_bessel_i || f == OP_log_bessel_k) /* of which the derivatives are the next two ops */
        return fabs(x * run(k, f + 1, x, y)) + fabs(y * run(k, f + 2, x, y));
    if (f == OP_von_mises_cdf)
        return fabs(y) * exp(-2 * x * pow(sin(0.5 * y), 2)) / (2 * M_PI * run(k, OP_bessel_i0e, x, 0));
    return 0;
}

static void check_values(const kernels *k, op f, double bound, const double rows[][4], size_t count) {
    double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const double *r = rows[i];
        double size = fmax(fabs(r[2]), change(k, f, r[0], r[1])),
               unit = nextafter(size, (double)INFINITY) - size;
        double error = fabs((run(k, f, r[0], r[1]) - r[2]) - r[3]) / unit;
        if (!(error <= worst)) worst = error, at = i;
    }
    printf("# %s %s: at most %.2f ULP, at (%.17g, %.17g)\n", k->name, op_name(f), worst, rows[at][0],
           rows[at][1]);
    check(worst <= bound, op_name(f), "%s: %.2f ULP at (%.17g, %.17g), more than %g", k->name, worst,
          rows[at][0], rows[at][1], bound);
}

#define VALUES(name, table, bound) check_values(k, OP_##name, bound, table, sizeof table / sizeof *table);

static void values(const kernels *k) {
    VALUES(lgamma, LGAMMA, 4)
    VALUES(digamma, DIGAMMA, 4)
    VALUES(trigamma, TRIGAMMA, 4)
    VALUES(erfcx, ERFCX, 4)
    VALUES(log1m_exp, LOG1M_EXP, 4)
    VALUES(logit, LOGIT, 4)
    VALUES(lambert_w, LAMBERT_W, 4)
    VALUES(lambert_wm1, LAMBERT_WM1, 4)
    VALUES(bessel_i0e, BESSEL_I0E, 4)
    VALUES(bessel_i1e, BESSEL_I1E, 4)
    VALUES(log_bessel_i0, LOG_BESSEL_I0, 4)
    VALUES(bessel_ratio, BESSEL_RATIO, 4)
    VALUES(bessel_k0e, BESSEL_K0E, 4)
    VALUES(bessel_k1e, BESSEL_K1E, 4)
    VALUES(log_bessel_i, LOG_BESSEL_I, 4)
    VALUES(log_bessel_i_by_x, LOG_BESSEL_I_BY_X, 4)
    VALUES(log_bessel_i_by_order, LOG_BESSEL_I_BY_ORDER, 4)
    VALUES(log_bessel_k, LOG_BESSEL_K, 4)
    VALUES(log_bessel_k_by_x, LOG_BESSEL_K_BY_X, 4)
    VALUES(log_bessel_k_by_order, LOG_BESSEL_K_BY_ORDER, 4)
    VALUES(lbeta, LBETA, 4)
    VALUES(digamma_rise, DIGAMMA_RISE, 4)
    VALUES(owens_t, OWENS_T, 4)
    VALUES(von_mises_cdf, VON_MISES_CDF, 4)
    VALUES(von_mises_slope, VON_MISES_SLOPE, 4)
}

#define INF  (double)INFINITY
#define NONE (double)NAN

static const struct {
    op f;
    double x, y, value;
} EDGES[] = {
    {OP_erfcx, INF, 0, 0},
    {OP_erfcx, -INF, 0, INF},
    {OP_erfcx, -30, 0, INF},
    {OP_log1m_exp, 0, 0, -INF},
    {OP_log1m_exp, -INF, 0, 0},
    {OP_log1m_exp, 1, 0, NONE},
    {OP_logit, 0, 0, -INF},
    {OP_logit, 1, 0, INF},
    {OP_logit, 0.5, 0, 0},
    {OP_logit, 1.5, 0, NONE},
    {OP_logit, -0.5, 0, NONE},
    {OP_lambert_w, 0, 0, 0},
    {OP_lambert_w, INF, 0, INF},
    {OP_lambert_w, -0.5, 0, NONE},
    {OP_lambert_wm1, 0, 0, -INF},
    {OP_lambert_wm1, 0.5, 0, NONE},
    {OP_lambert_wm1, -0.5, 0, NONE},
    {OP_bessel_i0e, 0, 0, 1},
    {OP_bessel_i0e, INF, 0, 0},
    {OP_bessel_i1e, 0, 0, 0},
    {OP_bessel_i1e, -INF, 0, 0},
    {OP_log_bessel_i0, 0, 0, 0},
    {OP_log_bessel_i0, -INF, 0, INF},
    {OP_bessel_ratio, 0, 0, 0},
    {OP_bessel_ratio, INF, 0, 1},
    {OP_bessel_k0e, 0, 0, INF},
    {OP_bessel_k0e, INF, 0, 0},
    {OP_bessel_k0e, -1, 0, NONE},
    {OP_bessel_k1e, 0, 0, INF},
    {OP_bessel_k1e, -1, 0, NONE},
    {OP_lbeta, 0, 1, INF},
    {OP_lbeta, 1, 0, INF},
    {OP_lbeta, 2, INF, -INF},
    {OP_lbeta, -1, 2, NONE},
    {OP_lbeta, NONE, 2, NONE},
    {OP_digamma_rise, 2, 0, 0},
    {OP_digamma_rise, 0, 1, INF},
    {OP_digamma_rise, -1, 1, NONE},
    {OP_owens_t, 1, 0, 0},
    {OP_log_bessel_i, 0, 0, 0},
    {OP_log_bessel_i, 1, 0, -INF},
    {OP_log_bessel_i, -1, 1, NONE},
    {OP_log_bessel_i, 1, -1, NONE},
    {OP_log_bessel_k, 1, 0, INF},
    {OP_log_bessel_k, 1, -1, NONE},
    {OP_log_bessel_k, 1, INF, -INF},
    {OP_owens_t, INF, 1, 0},
    {OP_owens_t, 1, NONE, NONE},
    {OP_von_mises_cdf, 2, -4, 0},
    {OP_von_mises_cdf, 2, 4, 1},
    {OP_von_mises_cdf, 2, 0, 0.5},
    {OP_von_mises_cdf, -2, 0, NONE},
    {OP_von_mises_slope, 2, 0, 0},
};

static void check_edges(const kernels *k) {
    for (size_t i = 0; i < sizeof EDGES / sizeof *EDGES; i++) {
        double z = run(k, EDGES[i].f, EDGES[i].x, EDGES[i].y), value = EDGES[i].value;
        bool good = z == value || (isnan(z) && isnan(value)) ||
                    (isfinite(value) && fabs(z - value) <= 4e-15 * fabs(value));
        check(good, op_name(EDGES[i].f), "%s: %g at the edge (%g, %g), not %g", k->name, z, EDGES[i].x,
              EDGES[i].y, value);
    }
}

int main(void) {
    const kernels *table[3];
    int count = kernels_available(IN_DOUBLE, table);
    for (int i = 0; i < count; i++) {
        values(table[i]);
        check_edges(table[i]);
    }
    return check_end();
}
