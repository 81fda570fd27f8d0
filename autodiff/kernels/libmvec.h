/* The vector functions of libm, which no header declares. */
#ifndef VM_AUTODIFF_KERNELS_LIBMVEC_H
#define VM_AUTODIFF_KERNELS_LIBMVEC_H

#include "autodiff/kernels/vector.h"

#if defined __AVX512F__
#define LIBMVEC(name)   BY_PRECISION(_ZGVeN8v_##name, _ZGVeN16v_##name##f)
#define LIBMVEC_2(name) BY_PRECISION(_ZGVeN8vv_##name, _ZGVeN16vv_##name##f)
#elif defined __AVX2__
#define LIBMVEC(name)   BY_PRECISION(_ZGVdN4v_##name, _ZGVdN8v_##name##f)
#define LIBMVEC_2(name) BY_PRECISION(_ZGVdN4vv_##name, _ZGVdN8vv_##name##f)
#else
#define LIBMVEC(name)   BY_PRECISION(_ZGVbN2v_##name, _ZGVbN4v_##name##f)
#define LIBMVEC_2(name) BY_PRECISION(_ZGVbN2vv_##name, _ZGVbN4vv_##name##f)
#endif

#define DECLARE(f) real LIBMVEC(f)(real x);
DECLARE(log)
DECLARE(log1p)
DECLARE(expm1)
DECLARE(sin)
DECLARE(cos)
DECLARE(tan)
DECLARE(asin)
DECLARE(acos)
DECLARE(atan)
DECLARE(sinh)
DECLARE(cosh)
DECLARE(tanh)
DECLARE(erf)
DECLARE(erfc)
#undef DECLARE
real LIBMVEC_2(pow)(real x, real y);

#endif
