#include "base/number.h"

#include <locale.h>
#include <math.h>
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

bool number_parse(const char *text, double *value) {
    const char *body = text + (*text == '+' || *text == '-');
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

const char *number_print(char out[NUMBER_LONGEST], double value) {
    if (isnan(value)) return strcpy(out, "nan"); /* without the sign that a NaN may carry */
    locale_t c = c_locale(), before = uselocale(c);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, NUMBER_LONGEST, "%.*g", digits, value);
        if (strtod(out, NULL) == value) break;
    }
    uselocale(before);
    return out;
}
