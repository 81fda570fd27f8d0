#include "base/number.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The C locale is a constant of the C library: asking for it takes no memory, so it need not be given back.
 */
static locale_t c_locale(void) { return newlocale(LC_ALL_MASK, "C", (locale_t)0); }

static const char *skip_digits(const char *c) {
    while (*c >= '0' && *c <= '9') c++;
    return c;
}

/* [digits] [. [digits]] [e [sign] digits], with a digit before the exponent: what strtod reads, but for its
 * hexadecimal. */
static bool is_decimal(const char *c) {
    const char *whole = skip_digits(c), *end = whole;
    if (*end == '.') end = skip_digits(end + 1);
    if (end - c == (*whole == '.')) return false;
    if (*end == 'e' || *end == 'E') {
        const char *digits = end + 1 + (end[1] == '+' || end[1] == '-');
        end = skip_digits(digits);
        if (end == digits) return false;
    }
    return *end == 0;
}

/* Digits with their point left out, as far as they fit, and the power of ten that they stand for. */
typedef struct decimal {
    uint64_t digits;
    int exponent;
    bool too_long; /* more digits than fit */
} decimal;

static const char *read_digits(const char *c, decimal *d) {
    for (; *c >= '0' && *c <= '9'; c++) {
        d->too_long |= d->digits > (UINT64_MAX - 9) / 10;
        d->digits = 10 * d->digits + (uint64_t)(*c - '0');
    }
    return c;
}

static const char *read_exponent(const char *c, decimal *d) {
    bool negative = *c == '-';
    const char *first = c + (*c == '-' || *c == '+'), *end = first;
    int value = 0;
    for (; *end >= '0' && *end <= '9'; end++) value = value < 10000 ? 10 * value + (*end - '0') : value;
    d->exponent += negative ? -value : value;
    return end == first ? NULL : end;
}

#if LDBL_MANT_DIG == 64
/* Clinger (How to read floating point numbers accurately, 1990): whole numbers below 2^64 and powers of ten
 * up to 10^27 are exact in extended precision, so their product or quotient is off by half a unit of its 64
 * bits at most. Rounded to 53 it is right, unless it lies in the very middle between two doubles. */
static bool is_short(const decimal *d, double *value) {
    static const long double TENS[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
                                       1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
                                       1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
    enum { MOST = sizeof TENS / sizeof *TENS - 1, MIDDLE = 1 << 10, BEYOND = (1 << 11) - 1 };
    if (d->too_long || d->exponent < -MOST || d->exponent > MOST) return false;
    long double x = (long double)d->digits;
    x = d->exponent < 0 ? x / TENS[-d->exponent] : x * TENS[d->exponent];
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits); /* the 64 of the number */
    *value = (double)x;
    return (bits & BEYOND) != MIDDLE;
}
#else
static bool is_short(const decimal *d, double *value) {
    *value = (double)d->digits;
    return !d->too_long && !d->exponent && d->digits < UINT64_C(1) << 53;
}
#endif

const char *number_read(const char *text, double *value) {
    decimal d = {0};
    const char *body = text + (*text == '-'), *end = read_digits(body, &d), *fraction;
    if (end == body || (*body == '0' && end - body > 1)) return NULL;
    if (*end == '.') {
        end = read_digits(fraction = end + 1, &d);
        if (end == fraction) return NULL;
        d.exponent = end - fraction < 10000 ? (int)(fraction - end) : -10000;
    }
    if (*end == 'e' || *end == 'E') end = read_exponent(end + 1, &d);
    if (!end) return NULL;
    if (is_short(&d, value)) *value = *text == '-' ? -*value : *value;
    else *value = strtod_l(text, NULL, c_locale());
    return end;
}

bool number_parse(const char *text, double *value) {
    const char *body = text + (*text == '+' || *text == '-'), *end = number_read(text, value);
    if (end && !*end) return true;
    if (is_decimal(body)) {
        *value = strtod_l(text, NULL, c_locale());
        return true;
    }
    double sign = *text == '-' ? -1 : 1;
    if (strcasecmp(body, "inf") == 0 || strcasecmp(body, "infinity") == 0) *value = sign * (double)INFINITY;
    else if (strcasecmp(body, "nan") == 0) *value = (double)NAN;
    else return false;
    return true;
}

/* A number as its first digits and the power of ten of the first one: 0.012 is 12, of two digits, and -2. */
typedef struct printed {
    uint64_t digits;
    int count, exponent;
} printed;

/* As printf does with `%.{precision}g`. */
static void write_printed(char *out, printed p, int precision) {
    char digits[20];
    for (; p.count > 1 && p.digits % 10 == 0; p.count--) p.digits /= 10;
    for (int i = p.count; i-- > 0; p.digits /= 10) digits[i] = (char)('0' + p.digits % 10);
    bool power = p.exponent < -4 || p.exponent >= precision;
    int whole = power ? 1 : p.exponent + 1; /* digits before the point; 0 and below: zeros behind it */
    if (whole <= 0) {
        *out++ = '0', *out++ = '.';
        for (int i = whole; i < 0; i++) *out++ = '0';
    }
    for (int i = 0; i < p.count || i < whole; i++) {
        if (i == whole && whole > 0) *out++ = '.';
        *out++ = i < p.count ? digits[i] : '0';
    }
    *out = 0;
    if (power) sprintf(out, "e%c%02d", p.exponent < 0 ? '-' : '+', abs(p.exponent));
}

#if LDBL_MANT_DIG == 64
/* x 10^k in extended precision; nine products, of factors that are rounded themselves, are off by nine of its
 * last bits at most. */
static long double scaled(double x, int k) {
    static const long double TENS[] = {1e1L, 1e2L, 1e4L, 1e8L, 1e16L, 1e32L, 1e64L, 1e128L, 1e256L};
    long double power = 1;
    for (int bit = 0, left = abs(k); left; bit++, left >>= 1)
        if (left & 1) power *= TENS[bit];
    return k < 0 ? x / power : x * power;
}

/* The fewest digits that read back as x, from 15 to 17: with y the first 17 of them, whose fraction has 7
 * bits or more and an error below UNSURE, n digits do so where they lie within half a unit of x's last bit.
 * False where that cannot be told. */
static bool print_shortest(char *out, double x) {
    static const long double UNSURE = 0.07L;
    static const uint64_t UNITS[] = {100, 10, 1};
    if (!(x >= 1e-280 && x <= 1e280)) return false;
    int exponent = (int)floor(log10(x)), binary;
    long double y = scaled(x, 16 - exponent);
    exponent += y < 1e16L ? -1 : y >= 1e17L;
    y = scaled(x, 16 - exponent);
    double mantissa = frexp(x, &binary) * 0x1p53;
    if (!(y >= 1e16L && y < 1e17L - 1) || mantissa == 0x1p52) return false;
    long double half = y / (2 * (long double)mantissa);
    for (int n = 15; n <= 17; n++) {
        uint64_t unit = UNITS[n - 15], digits = (uint64_t)(y / unit);
        long double rest = y - (long double)(digits * unit), middle = 0.5L * unit;
        if (fabsl(rest - middle) < UNSURE) return false;
        digits += rest > middle;
        long double off = fabsl(y - (long double)(digits * unit));
        if (n < 17 && fabsl(off - half) < UNSURE) return false;
        if (n < 17 && off > half) continue;
        bool carried = digits == UINT64_C(100000000000000000) / unit;
        write_printed(out, (printed){carried ? digits / 10 : digits, n, exponent + carried}, n);
        return true;
    }
    return false;
}
#else
static bool print_shortest(char *out, double x) { return false; }
#endif

/* Whole numbers, as of states and counts. */
static bool print_whole(char *out, double x) {
    if (!(x >= 1 && x < 1e15) || floor(x) != x) return false;
    int count = 0;
    for (uint64_t left = (uint64_t)x; left; left /= 10) count++;
    write_printed(out, (printed){(uint64_t)x, count, count - 1}, 15);
    return true;
}

const char *number_print(char out[NUMBER_LONGEST], double value) {
    if (isnan(value)) return strcpy(out, "nan"); /* without the sign that a NaN may carry */
    char *body = out + (value < 0);
    *out = '-';
    if (print_whole(body, fabs(value)) || print_shortest(body, fabs(value))) return out;
    locale_t c = c_locale(), before = uselocale(c);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, NUMBER_LONGEST, "%.*g", digits, value);
        if (strtod(out, NULL) == value) break;
    }
    uselocale(before);
    return out;
}

int number_order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
