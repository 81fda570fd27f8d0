"""Writes bessel_table.h: the coefficients of the Bessel functions of any order.

Run:  python bessel_coefficients.py > bessel_table.h
"""
from fractions import Fraction

import mpmath as mp

import coefficients

VALUE_TERMS, BY_ORDER_TERMS, BY_X_TERMS = 16, 22, 18


def debye(count):
    """u_k(t) of DLMF 10.41.10, U_k(p) = p^k u_k(p^2), for k = 0 … count: coefficients of t^0 … t^k."""
    powers = [{0: Fraction(1)}]
    for _ in range(count):
        u = {}
        for j, a in powers[-1].items():
            for to, factor in ((j + 1, Fraction(j, 2) + Fraction(1, 8 * (j + 1))), (j + 3, -Fraction(j, 2) - Fraction(5, 8 * (j + 3)))):
                u[to] = u.get(to, Fraction(0)) + factor * a
        powers.append(u)
    return [[u.get(k + 2 * i, Fraction(0)) for i in range(k + 1)] for k, u in enumerate(powers)]


def multiply(a, b):
    c = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            c[i + j] += x * y
    return c


def logarithm(u):
    """d_k with sum d_k v^k = log sum u_k v^k: k u_k is the sum of j d_j u_(k - j)."""
    d = [[Fraction(0)]]
    for k in range(1, len(u)):
        own = [k * a for a in u[k]]
        for j in range(1, k):
            for i, a in enumerate(multiply(d[j], u[k - j])):
                own[i] -= j * a
        d.append([a / k for a in own])
    return d


def by_order(k, d):
    """2 (1 - t) d' - k d"""
    slope = [i * a for i, a in enumerate(d)]
    return [2 * ((slope[i + 1] if i < k else 0) - slope[i]) - k * d[i] for i in range(k + 1)]


def by_x(k, d):
    """2 t d' + k d"""
    return [(2 * i + k) * a for i, a in enumerate(d)]


def write_rows(name, what, rows):
    numbers = [mp.mpf(a.numerator) / a.denominator for row in rows for a in row]
    coefficients.write_numbers(name, what, numbers)

def main():
    print("/* Made by bessel_coefficients.py; do not edit. */")
    print("#ifndef VM_AUTODIFF_KERNELS_BESSEL_TABLE_H\n#define VM_AUTODIFF_KERNELS_BESSEL_TABLE_H\n/* clang-format off */")
    d = logarithm(debye(BY_ORDER_TERMS))
    write_rows("C_DEBYE", "d_k(t), k = 1, 2, …", d[1:VALUE_TERMS + 1])
    write_rows("C_DEBYE_BY_ORDER", "2 (1 - t) d_k'(t) - k d_k(t)", [by_order(k, c) for k, c in enumerate(d)][1:])
    write_rows("C_DEBYE_BY_X", "2 t d_k'(t) + k d_k(t)", [by_x(k, c) for k, c in enumerate(d)][1:BY_X_TERMS + 1])
    quarter = mp.mpf(1) / 4
    near = lambda f, least: lambda s: f(s) if s > least else f(least)
    nu = lambda s: mp.pi * mp.sqrt(s)
    tiny = mp.mpf(2) ** -80
    coefficients.write("C_REFLECTED", "sqrt(pi n / sin(pi n)) of n^2", near(lambda s: mp.sqrt(nu(s) / mp.sin(nu(s))), tiny), 0, quarter, 13)
    coefficients.write("C_REFLECTED_SLOPE", "the derivative of its log by n^2",
                       near(lambda s: (1 - nu(s) * mp.cot(nu(s))) / (4 * s), tiny), 0, quarter, 13)
    coefficients.write("C_ODD_GAMMA", "zeta(3) / 3 + zeta(5) / 5 n^2 + … of n^2",
                       near(lambda s: (mp.loggamma(1 - mp.sqrt(s)) - mp.loggamma(1 + mp.sqrt(s))) / (2 * s * mp.sqrt(s)) - mp.euler / s, tiny),
                       0, quarter, 13)
    coefficients.write("C_ODD_GAMMA_SLOPE", "the derivative of n^2 times it by n^2",
                       near(lambda s: -((mp.digamma(1 - mp.sqrt(s)) + mp.digamma(1 + mp.sqrt(s))) / 2 + mp.euler) / (2 * s)
                            - ((mp.loggamma(1 - mp.sqrt(s)) - mp.loggamma(1 + mp.sqrt(s))) / (2 * mp.sqrt(s)) - mp.euler) / (2 * s), tiny),
                       0, quarter, 13)
    print("\n#endif")


if __name__ == "__main__":
    main()
