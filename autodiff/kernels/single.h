/* The functions in single precision: those of SLEEF and libmvec, whose vectors of floats are good and fast.
 */
#ifndef VM_AUTODIFF_KERNELS_SINGLE_H
#define VM_AUTODIFF_KERNELS_SINGLE_H

#include "autodiff/kernels/vector.h"

#if defined __AVX512F__
#define LIBMVEC(name)   _ZGVeN16v_##name##f
#define LIBMVEC_2(name) _ZGVeN16vv_##name##f
#elif defined __AVX2__
#define LIBMVEC(name)   _ZGVdN8v_##name##f
#define LIBMVEC_2(name) _ZGVdN8vv_##name##f
#else
#define LIBMVEC(name)   _ZGVbN4v_##name##f
#define LIBMVEC_2(name) _ZGVbN4vv_##name##f
#endif

/* No header declares them. */
#define OF_LIBMVEC(f)                                                                                        \
    real LIBMVEC(f)(real x);                                                                                 \
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
real LIBMVEC_2(pow)(real x, real y);
INLINE real f_pow(real x, real y) { return LIBMVEC_2(pow)(x, y); }

INLINE real f_exp(real x) { return SLEEF(exp)(x); }

INLINE real f_expit(real x) {
    real e = f_exp(-absolute(x));
    return pick(x < 0, e, all(1)) / (1 + e);
}

INLINE real f_log1p_exp(real x) { return pick(x > 0, x, all(0)) + f_log1p(f_exp(-absolute(x))); }

INLINE real f_xlogy(real x, real y) { return pick((x == 0) & (y == y), all(0), x * f_log(y)); }

#endif
