/* What measure_errors measures: functions, their references and where points are taken from. */
#ifndef VM_TESTS_AUTODIFF_MEASURED_H
#define VM_TESTS_AUTODIFF_MEASURED_H

#include "autodiff/tape.h"
#include "tests/autodiff/quad_reference.h"

/* Where arguments are taken from: evenly, or evenly by their logarithm to the base 2, of either sign or of
 * one; within `high` times `low` of `low`, where a function changes its method; multiples of 1/2, every other
 * one off by a few units in the last place; evenly by standard deviations from the mean of the distribution
 * with the arguments before, where such a number is within it; around the square of the argument before, or
 * such that the sum of both squares is around one number. */
typedef enum spread {
    NONE,
    EVEN,
    POWER,
    MINUS_POWER,
    EITHER_POWER,
    NEAR,
    HALVES,
    AROUND_GAMMA,
    AROUND_BETA,
    AROUND_SQUARE,
    AROUND_CIRCLE
} spread;

typedef struct range {
    spread how;
    double low, high;
} range;

enum { MOST_RANGES = 14, ARGUMENTS = 3 };

/* Of the arguments and, of an inverse, what it is refined from. */
typedef quad reference(const quad *x);

typedef struct function {
    op f;
    reference *value, *size; /* what the unit of the error is that of, if not of the value alone */
    range ranges[MOST_RANGES][ARGUMENTS];
} function;

#define REFERENCE(name, e)                                                                                   \
    static quad name(const quad *x) { return e; }
REFERENCE(of_exp, expq(x[0]))
REFERENCE(of_log, logq(x[0]))
REFERENCE(of_log1p, log1pq(x[0]))
REFERENCE(of_expm1, expm1q(x[0]))
REFERENCE(of_sin, sinq(x[0]))
REFERENCE(of_cos, cosq(x[0]))
REFERENCE(of_tan, tanq(x[0]))
REFERENCE(of_asin, asinq(x[0]))
REFERENCE(of_acos, acosq(x[0]))
REFERENCE(of_atan, atanq(x[0]))
REFERENCE(of_sinh, sinhq(x[0]))
REFERENCE(of_cosh, coshq(x[0]))
REFERENCE(of_tanh, tanhq(x[0]))
REFERENCE(of_expit, 1 / (1 + expq(-x[0])))
REFERENCE(of_log1p_exp, x[0] > 0 ? x[0] + log1pq(expq(-x[0])) : log1pq(expq(x[0])))
REFERENCE(of_log1m_exp, x[0] > -1 ? logq(-expm1q(x[0])) : log1pq(-expq(x[0])))
REFERENCE(of_logit, logq(x[0] / (1 - x[0])))
REFERENCE(of_erf, erfq(x[0]))
REFERENCE(of_erfc, erfcq(x[0]))
REFERENCE(of_erfcx, q_erfcx(x[0]))
REFERENCE(of_ndtri, q_ndtri(x[0], x[1]))
REFERENCE(of_pow, powq(x[0], x[1]))
REFERENCE(of_xlogy, x[0] * logq(x[1]))
REFERENCE(of_log_ndtr, q_log_ndtr(x[0]))
REFERENCE(of_mills, q_mills(x[0]))
REFERENCE(of_lgamma, q_lgamma(x[0]))
REFERENCE(of_digamma, q_digamma(x[0]))
REFERENCE(of_trigamma, q_trigamma(x[0]))
REFERENCE(of_lambert_w, q_lambert_w(0, x[0]))
REFERENCE(of_lambert_wm1, q_lambert_w(-1, x[0]))
REFERENCE(of_bessel_i0e, q_bessel_ie(0, x[0]))
REFERENCE(of_bessel_i1e, q_bessel_ie(1, x[0]))
REFERENCE(of_log_bessel_i0, q_log_bessel_i0(x[0]))
REFERENCE(of_bessel_ratio, q_bessel_ie(1, x[0]) / q_bessel_ie(0, x[0]))
REFERENCE(of_bessel_k0e, q_bessel_ke(0, x[0]))
REFERENCE(of_bessel_k1e, q_bessel_ke(1, x[0]))
REFERENCE(of_log_bessel_i, q_log_bessel_ie(x[0], x[1]) + x[1])
REFERENCE(of_log_bessel_i_by_order, q_bessel_i_by_order(x[0], x[1]))
REFERENCE(of_log_bessel_i_by_x, q_bessel_i_by_x(x[0], x[1]))
REFERENCE(of_log_bessel_k, q_log_bessel_ke(x[0], x[1]) - x[1])
REFERENCE(of_log_bessel_k_by_order, q_bessel_k_of(x[0], x[1]).by_order)
REFERENCE(of_log_bessel_k_by_x, q_bessel_k_of(x[0], x[1]).by_x)
REFERENCE(of_lbeta, q_lbeta(x[0], x[1]))
REFERENCE(of_digamma_rise, q_digamma_rise(x[0], x[1]))
REFERENCE(of_owens_t, q_owens_t(x[0], x[1]))
REFERENCE(of_von_mises_cdf, q_von_mises_cdf(x[0], x[1]))
REFERENCE(of_von_mises_slope, q_von_mises_slope(x[0], x[1]))
REFERENCE(of_gamma_p, expq(q_log_gamma_tail(x[0], x[1], true)))
REFERENCE(of_gamma_q, expq(q_log_gamma_tail(x[0], x[1], false)))
REFERENCE(of_log_gamma_p, q_log_gamma_tail(x[0], x[1], true))
REFERENCE(of_log_gamma_q, q_log_gamma_tail(x[0], x[1], false))
REFERENCE(of_gamma_density, expq(q_log_gamma_weight(x[0], x[1])) / x[1])
REFERENCE(of_gamma_p_rate, expq(q_log_gamma_weight(x[0], x[1]) - q_log_gamma_tail(x[0], x[1], true)) / x[1])
REFERENCE(of_gamma_q_rate, expq(q_log_gamma_weight(x[0], x[1]) - q_log_gamma_tail(x[0], x[1], false)) / x[1])
REFERENCE(of_gamma_slope, q_gamma_slope(x[0], x[1]))
REFERENCE(of_gamma_p_inv, q_gamma_inverse(x[0], x[1], x[2], true))
REFERENCE(of_gamma_q_inv, q_gamma_inverse(x[0], x[1], x[2], false))
REFERENCE(of_inc_beta, expq(q_log_beta_tail(x[0], x[1], x[2], true)))
REFERENCE(of_inc_beta_c, expq(q_log_beta_tail(x[0], x[1], x[2], false)))
REFERENCE(of_log_inc_beta, q_log_beta_tail(x[0], x[1], x[2], true))
REFERENCE(of_log_inc_beta_c, q_log_beta_tail(x[0], x[1], x[2], false))
static quad log_beta_density(const quad *x) { return q_log_beta_density(x[0], x[1], x[2]); }
REFERENCE(of_beta_density, expq(log_beta_density(x)))
REFERENCE(of_inc_beta_rate, expq(log_beta_density(x) - q_log_beta_tail(x[0], x[1], x[2], true)))
REFERENCE(of_inc_beta_c_rate, expq(log_beta_density(x) - q_log_beta_tail(x[0], x[1], x[2], false)))
REFERENCE(of_beta_slope_a, q_beta_slope(x[0], x[1], x[2], true))
REFERENCE(of_beta_slope_b, q_beta_slope(x[0], x[1], x[2], false))
REFERENCE(of_inc_beta_inv, q_beta_inverse(x[0], x[1], x[2], x[3], true))
REFERENCE(of_inc_beta_c_inv, q_beta_inverse(x[0], x[1], x[2], x[3], false))

/* How much the value changes when the arguments do, relatively: lbeta has zeros along a curve. */
REFERENCE(size_of_lbeta, x[0] * q_digamma_rise(x[0], x[1]) + x[1] * q_digamma_rise(x[1], x[0]))
REFERENCE(size_of_log_bessel_i,
          q_abs(x[0] * q_bessel_i_by_order(x[0], x[1])) + x[1] * q_abs(q_bessel_i_by_x(x[0], x[1])))
static quad size_of_log_bessel_k(const quad *x) {
    q_bessel_k k = q_bessel_k_of(x[0], x[1]);
    return x[0] * k.by_order + x[1] * q_abs(k.by_x);
}
/* I of a negative order has zeros of its derivatives. */
REFERENCE(size_of_log_bessel_i_by_order, x[0] < 0 ? q_abs(q_bessel_i_by_order(-x[0], x[1])) : 0)
REFERENCE(size_of_log_bessel_i_by_x, x[0] < 0 ? q_bessel_i_by_x(x[0], x[1]) - 2 * x[0] / x[1] : 0)
static quad von_mises_change(quad k, quad x) {
    quad s = sinq(0.5Q * x), density = expq(-2 * k * s * s) / (2 * M_PIq * q_bessel_ie(0, k));
    return q_abs(x) * density;
}
REFERENCE(size_of_von_mises_cdf, von_mises_change(x[0], x[1]))
/* Of the zeros of digamma from -32 on. */
REFERENCE(size_of_digamma, x[0] < -32 ? 0.125Q : 0)

#define FUNCTION(name, ...)                                                                                  \
    {                                                                                                        \
        OP_##name, of_##name, NULL, { __VA_ARGS__ }                                                          \
    }
#define FUNCTION_OF_SIZE(name, ...)                                                                          \
    {                                                                                                        \
        OP_##name, of_##name, size_of_##name, { __VA_ARGS__ }                                                \
    }

static const function FUNCTIONS[] = {
    FUNCTION(exp, {{EVEN, -708, 709}}, {{EITHER_POWER, -60, 3}}, {{EITHER_POWER, -1074, -1000}}),
    FUNCTION(log, {{POWER, -1022, 1023}}, {{POWER, -2, 2}}, {{POWER, -1074, -1000}}),
    FUNCTION(log1p, {{EVEN, -1, 3}}, {{EITHER_POWER, -300, 0}}, {{POWER, 0, 1000}},
             {{EITHER_POWER, -1074, -1000}}),
    FUNCTION(expm1, {{EVEN, -40, 709}}, {{EVEN, -3, 3}}, {{EITHER_POWER, -300, 3}},
             {{EITHER_POWER, -1074, -1000}}),
    FUNCTION(sin, {{EVEN, -20, 20}}, {{EITHER_POWER, -1074, 19}}, {{EITHER_POWER, 19, 60}}),
    FUNCTION(cos, {{EVEN, -20, 20}}, {{EITHER_POWER, -30, 19}}, {{EITHER_POWER, 19, 60}}),
    FUNCTION(tan, {{EVEN, -20, 20}}, {{EITHER_POWER, -30, 19}}, {{EITHER_POWER, -1074, -1000}}),
    FUNCTION(asin, {{EVEN, -1, 1}}, {{EITHER_POWER, -1074, 0}}),
    FUNCTION(acos, {{EVEN, -1, 1}}, {{EITHER_POWER, -60, 0}}, {{EVEN, 0.999, 1}}),
    FUNCTION(atan, {{EVEN, -4, 4}}, {{EITHER_POWER, -1074, 1000}}),
    FUNCTION(sinh, {{EVEN, -5, 5}}, {{EVEN, -710, 710}}, {{EITHER_POWER, -1074, 9}}),
    FUNCTION(cosh, {{EVEN, -5, 5}}, {{EVEN, -710, 710}}, {{EITHER_POWER, -60, 9}}),
    FUNCTION(tanh, {{EVEN, -25, 25}}, {{EITHER_POWER, -60, 5}}, {{EITHER_POWER, -1074, -1000}}),
    FUNCTION(expit, {{EVEN, -40, 40}}, {{EITHER_POWER, -60, 3}}, {{EITHER_POWER, -1074, -1000}}),
    FUNCTION(log1p_exp, {{EVEN, -40, 40}}, {{EITHER_POWER, -60, 3}}, {{EITHER_POWER, -1074, -1000}}),
    FUNCTION(log1m_exp, {{EVEN, -40, 0}}, {{EVEN, -3, 0}}, {{MINUS_POWER, -1000, 9}},
             {{MINUS_POWER, -1074, -1000}}, {{NEAR, -0.6931471805599453, 0.01}}),
    FUNCTION(logit, {{EVEN, 0, 1}}, {{POWER, -1000, -1}}, {{EVEN, 0.49, 0.51}}, {{POWER, -1074, -1000}}),
    FUNCTION(erf, {{EVEN, -6, 6}}, {{EITHER_POWER, -200, 4}}, {{EITHER_POWER, -1074, -1000}}),
    FUNCTION(erfc, {{EVEN, -6, 6}}, {{EVEN, 6, 26.5}}, {{EITHER_POWER, -200, 2}},
             {{EITHER_POWER, -1074, -1000}}),
    FUNCTION(erfcx, {{EVEN, -26, 50}}, {{EITHER_POWER, -60, 4}}, {{POWER, 4, 300}},
             {{EITHER_POWER, -1074, -1000}}, {{POWER, 300, 1020}}),
    FUNCTION(log_ndtr, {{EVEN, -3, 3}}, {{EVEN, 0, 1}}, {{EVEN, -40, 9}}, {{EVEN, 9, 37}},
             {{MINUS_POWER, 3, 40}}, {{EITHER_POWER, -100, 1}}, {{EITHER_POWER, -1074, -1000}},
             {{MINUS_POWER, 40, 510}}),
    FUNCTION(mills, {{EVEN, -3, 3}}, {{EVEN, -40, 9}}, {{EVEN, 9, 37}}, {{MINUS_POWER, 3, 40}},
             {{EITHER_POWER, -100, 1}}, {{EITHER_POWER, -1074, -1000}}, {{MINUS_POWER, 40, 1020}}),
    FUNCTION(ndtri, {{EVEN, 0, 1}}, {{EVEN, 0.4999, 0.5001}}, {{POWER, -1074, -1}}),
    FUNCTION(pow, {{EVEN, 0, 10}, {EVEN, -10, 10}}, {{POWER, -1074, 1023}, {EVEN, -3, 3}},
             {{NEAR, 1, 0.01}, {EITHER_POWER, 0, 16}}, {{POWER, -20, 20}, {EITHER_POWER, -60, 5}},
             {{EVEN, 0, 10}, {HALVES, -20, 20}}),
    FUNCTION(xlogy, {{EVEN, -10, 10}, {EVEN, 0, 10}}, {{EITHER_POWER, -500, 500}, {POWER, -1074, 1023}},
             {{EVEN, 0, 1}, {NEAR, 1, 0.01}}),
    FUNCTION(lgamma, {{EVEN, 0, 5}}, {{EVEN, 0, 20}}, {{POWER, -200, 200}}, {{EVEN, -5, 0}}, {{EVEN, -30, 0}},
             {{MINUS_POWER, -200, 20}}, {{POWER, -1074, -1000}}, {{HALVES, -200, 200}}, {{POWER, 200, 1000}},
             {{NEAR, 3, 0.01}}, {{NEAR, 4, 0.01}}),
    FUNCTION_OF_SIZE(digamma, {{EVEN, 0, 5}}, {{EVEN, 0, 20}}, {{POWER, -200, 200}}, {{EVEN, -5, 0}},
                     {{EVEN, -30, 0}}, {{MINUS_POWER, -200, 20}}, {{POWER, -1074, -1000}},
                     {{HALVES, -200, 200}}, {{POWER, 200, 1000}}),
    FUNCTION(trigamma, {{EVEN, 0, 5}}, {{EVEN, 0, 20}}, {{POWER, -200, 200}}, {{EVEN, -5, 0}},
             {{EVEN, -30, 0}}, {{MINUS_POWER, -200, 20}}, {{EITHER_POWER, -1074, -1000}},
             {{HALVES, -200, 200}}, {{POWER, 200, 1000}}),
    FUNCTION(lambert_w, {{EVEN, -0.3678794411714423, 0}}, {{EVEN, -0.36787944, -0.3}}, {{EVEN, 0, 5}},
             {{POWER, -1000, 1000}}, {{MINUS_POWER, -1000, -2}}, {{POWER, -1074, -1000}},
             {{MINUS_POWER, -1074, -1000}}),
    FUNCTION(lambert_wm1, {{EVEN, -0.3678794411714423, 0}}, {{EVEN, -0.36787944, -0.3}},
             {{MINUS_POWER, -1000, -2}}, {{MINUS_POWER, -1074, -1000}}),
    FUNCTION(bessel_i0e, {{EVEN, 0, 10}}, {{EVEN, 0, 40}}, {{EITHER_POWER, -60, 60}},
             {{EITHER_POWER, -1074, -1000}}, {{EITHER_POWER, 60, 1020}}),
    FUNCTION(bessel_i1e, {{EVEN, 0, 10}}, {{EVEN, 0, 40}}, {{EITHER_POWER, -60, 60}},
             {{EITHER_POWER, -1074, -1000}}, {{EITHER_POWER, 60, 1020}}),
    FUNCTION(log_bessel_i0, {{EVEN, 0, 10}}, {{EVEN, 0, 40}}, {{EITHER_POWER, -60, 60}},
             {{EITHER_POWER, -1074, -1000}}, {{EITHER_POWER, 60, 1020}}),
    FUNCTION(bessel_ratio, {{EVEN, 0, 10}}, {{EVEN, 0, 40}}, {{EITHER_POWER, -60, 60}},
             {{EITHER_POWER, -1074, -1000}}, {{EITHER_POWER, 60, 1020}}),
    FUNCTION(bessel_k0e, {{EVEN, 0, 4}}, {{EVEN, 0, 40}}, {{POWER, -60, 60}}, {{POWER, -1074, -1000}},
             {{POWER, 60, 1020}}),
    FUNCTION(bessel_k1e, {{EVEN, 0, 4}}, {{EVEN, 0, 40}}, {{POWER, -60, 60}}, {{POWER, -1074, -1000}},
             {{POWER, 60, 1020}}),
#define BESSEL_RANGES(least)                                                                                 \
    {{EVEN, least, 3}, {EVEN, 0, 30}}, {{EVEN, 0, 30}, {EVEN, 0, 30}}, {{EVEN, least, 5}, {EVEN, 0, 3}},     \
        {{POWER, -20, 2}, {EVEN, 0, 60}}, {{POWER, -10, 11}, {POWER, -10, 11}},                              \
        {{POWER, -20, 12}, {POWER, -40, 6}}, {{POWER, -10, 5}, {POWER, 11, 60}},                             \
        {{EVEN, 0, 4.9}, {AROUND_SQUARE, -0.1, 0.1}}, {{EVEN, least, 24}, {AROUND_CIRCLE, -0.01, 0.01}},     \
        {{EVEN, least, 24}, {NEAR, 0.125, 0.01}}, {                                                          \
        {EVEN, least, 5}, { NEAR, 1.12, 0.01 }                                                               \
    }
    FUNCTION_OF_SIZE(log_bessel_i, BESSEL_RANGES(-0.499)),
    FUNCTION_OF_SIZE(log_bessel_i_by_order, BESSEL_RANGES(-0.499)),
    FUNCTION_OF_SIZE(log_bessel_i_by_x, BESSEL_RANGES(-0.499)),
    FUNCTION_OF_SIZE(log_bessel_k, BESSEL_RANGES(0)),
    FUNCTION(log_bessel_k_by_order, BESSEL_RANGES(0)),
    FUNCTION(log_bessel_k_by_x, BESSEL_RANGES(0)),
    FUNCTION_OF_SIZE(lbeta, {{EVEN, 0, 5}, {EVEN, 0, 5}}, {{EVEN, 0, 20}, {EVEN, 0, 20}},
                     {{POWER, -10, 20}, {POWER, -10, 20}}, {{POWER, -40, 60}, {POWER, -40, 60}}),
    FUNCTION(digamma_rise, {{EVEN, 0, 5}, {EVEN, 0, 5}}, {{EVEN, 0, 20}, {EVEN, 0, 20}},
             {{POWER, -10, 20}, {POWER, -10, 20}}, {{POWER, -40, 60}, {POWER, -40, 60}}),
    FUNCTION(owens_t, {{EVEN, -4, 4}, {EVEN, -4, 4}}, {{EVEN, -37, 37}, {EVEN, -2, 2}},
             {{EITHER_POWER, -20, 5}, {EITHER_POWER, -20, 20}}),
    FUNCTION_OF_SIZE(von_mises_cdf, {{EVEN, 0, 10}, {EVEN, -3.1, 3.1}}, {{POWER, -20, 8}, {EVEN, -3.1, 3.1}},
                     {{POWER, 8, 20}, {EITHER_POWER, -12, -3}}),
    FUNCTION(von_mises_slope, {{EVEN, 0, 10}, {EVEN, -3.1, 3.1}}, {{POWER, -20, 8}, {EVEN, -3.1, 3.1}},
             {{POWER, 8, 20}, {EITHER_POWER, -12, -3}}),
#define GAMMA_RANGES                                                                                         \
    {{EVEN, 0, 10}, {EVEN, 0, 20}}, {{EVEN, 0, 5}, {EVEN, 0, 2}}, {{POWER, -10, 12}, {POWER, -10, 12}},      \
        {{POWER, -10, 12}, {AROUND_GAMMA, -30, 30}}, {{POWER, -3, 6}, {POWER, -30, 0}},                      \
        {{HALVES, 0, 60}, {AROUND_GAMMA, -6, 6}}, {{EVEN, 0, 5}, {NEAR, 1, 0.01}},                           \
        {{POWER, 12, 20}, {AROUND_GAMMA, -6, 6}}, {                                                          \
        {POWER, -30, 2}, { POWER, -900, 9 }                                                                  \
    }
    FUNCTION(gamma_p, GAMMA_RANGES),
    FUNCTION(gamma_q, GAMMA_RANGES),
    FUNCTION(log_gamma_p, GAMMA_RANGES),
    FUNCTION(log_gamma_q, GAMMA_RANGES),
    FUNCTION(gamma_density, GAMMA_RANGES),
    FUNCTION(gamma_p_rate, GAMMA_RANGES),
    FUNCTION(gamma_q_rate, GAMMA_RANGES),
    FUNCTION(gamma_slope, GAMMA_RANGES),
#define GAMMA_INVERSE_RANGES                                                                                 \
    {{EVEN, 0, 10}, {EVEN, 0, 1}}, {{POWER, -10, 12}, {EVEN, 0, 1}}, {{POWER, -10, 12}, {POWER, -900, -1}},  \
        {{HALVES, 0, 60}, {EVEN, 0, 1}}, {{POWER, 12, 20}, {POWER, -30, -1}}, {                              \
        {POWER, -3, 6}, { NEAR, 0.5, 0.01 }                                                                  \
    }
    FUNCTION(gamma_p_inv, GAMMA_INVERSE_RANGES),
    FUNCTION(gamma_q_inv, GAMMA_INVERSE_RANGES),
#define BETA_RANGES                                                                                          \
    {{EVEN, 0, 10}, {EVEN, 0, 10}, {EVEN, 0, 1}}, {{POWER, -10, 12}, {POWER, -10, 12}, {EVEN, 0, 1}},        \
        {{POWER, -10, 12}, {POWER, -10, 12}, {AROUND_BETA, -30, 30}},                                        \
        {{POWER, -3, 6}, {POWER, -3, 16}, {POWER, -20, 0}},                                                  \
        {{HALVES, 0, 60}, {HALVES, 0, 60}, {AROUND_BETA, -6, 6}},                                            \
        {{POWER, -2, 6}, {POWER, 8, 20}, {AROUND_BETA, -3, 3}},                                              \
        {{POWER, 12, 20}, {POWER, 12, 20}, {AROUND_BETA, -6, 6}}, {                                          \
        {POWER, -30, 2}, {POWER, -30, 2}, { POWER, -900, 0 }                                                 \
    }
    FUNCTION(inc_beta, BETA_RANGES),
    FUNCTION(inc_beta_c, BETA_RANGES),
    FUNCTION(log_inc_beta, BETA_RANGES),
    FUNCTION(log_inc_beta_c, BETA_RANGES),
    FUNCTION(beta_density, BETA_RANGES),
    FUNCTION(inc_beta_rate, BETA_RANGES),
    FUNCTION(inc_beta_c_rate, BETA_RANGES),
    FUNCTION(beta_slope_a, BETA_RANGES),
    FUNCTION(beta_slope_b, BETA_RANGES),
#define BETA_INVERSE_RANGES                                                                                  \
    {{EVEN, 0, 10}, {EVEN, 0, 10}, {EVEN, 0, 1}}, {{POWER, -10, 12}, {POWER, -10, 12}, {EVEN, 0, 1}},        \
        {{POWER, -10, 12}, {POWER, -10, 12}, {POWER, -900, -1}},                                             \
        {{HALVES, 0, 60}, {HALVES, 0, 60}, {EVEN, 0, 1}},                                                    \
        {{POWER, 12, 20}, {POWER, 12, 20}, {POWER, -30, -1}}, {                                              \
        {POWER, -2, 6}, {POWER, 8, 20}, { POWER, -30, 0 }                                                    \
    }
    FUNCTION(inc_beta_inv, BETA_INVERSE_RANGES),
    FUNCTION(inc_beta_c_inv, BETA_INVERSE_RANGES),
};

#endif
