/* The functions in single precision: those of SLEEF and libmvec, whose vectors of floats are good and fast.
 */
#ifndef VM_AUTODIFF_KERNELS_SINGLE_H
#define VM_AUTODIFF_KERNELS_SINGLE_H

#include "autodiff/kernels/libmvec.h"

#define OF_LIBMVEC(f)                                                                                        \
    INLINE real f_##f(real x) { return LIBMVEC(f)(x); }
OF_LIBMVEC(log)
OF_LIBMVEC(log1p)
OF_LIBMVEC(expm1)
OF_LIBMVEC(sin)
OF_LIBMVEC(cos)
OF_LIBMVEC(tan)
OF_LIBMVEC(asin)
OF_LIBMVEC(acos)
OF_LIBMVEC(atan)
OF_LIBMVEC(sinh)
OF_LIBMVEC(cosh)
OF_LIBMVEC(tanh)
OF_LIBMVEC(erf)
OF_LIBMVEC(erfc)
#undef OF_LIBMVEC
INLINE real f_pow(real x, real y) { return LIBMVEC_2(pow)(x, y); }

INLINE real f_exp(real x) { return SLEEF(exp)(x); }

INLINE real f_expit(real x) {
    real e = f_exp(-absolute(x));
    return pick(x < 0, e, all(1)) / (1 + e);
}

INLINE real f_log1p_exp(real x) { return pick(x > 0, x, all(0)) + f_log1p(f_exp(-absolute(x))); }

INLINE real f_xlogy(real x, real y) { return pick((x == 0) & (y == y), all(0), x * f_log(y)); }

#endif
