/* Numbers of data against the C library, bit for bit: of any number of digits and any exponent, in the very
 * middle between two doubles and a little beside it, and what is no number; and printed as shortly as they
 * read back. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/rng.h"
#include "tests/check.h"

enum { ROUNDS = 400000, LONGEST = 1200 };

static rng noise;

static uint64_t below(uint64_t n) { return rng_below(&noise, n); }

static bool agrees(const char *text) {
    double x = 0, parsed = 0, expected = strtod(text, NULL);
    const char *end = number_read(text, &x);
    return end && !*end && memcmp(&x, &expected, sizeof x) == 0 && number_parse(text, &parsed) &&
           memcmp(&parsed, &expected, sizeof x) == 0;
}

static void all_agree(const char *name, void (*write)(char *to)) {
    char text[LONGEST], bad[LONGEST] = "";
    for (int i = 0; i < ROUNDS && !*bad; i++) {
        write(text);
        if (!agrees(text)) strcpy(bad, text);
    }
    check(!*bad, name, "%s", bad);
}

/* Of a random double, with as many digits as it takes, or fewer. */
static void doubles(char *to) {
    uint64_t bits = rng_word(&noise);
    double x;
    memcpy(&x, &bits, sizeof x);
    snprintf(to, LONGEST, "%.*g", 1 + (int)below(19), isfinite(x) ? x : 1.5);
}

static void usual(char *to) {
    snprintf(to, LONGEST, below(2) ? "%.17g" : "%.6g",
             (rng_uniform(&noise) - 0.5) * pow(10, (double)below(9)));
}

static void digits(char *to) {
    int n = snprintf(to, LONGEST, "%s%" PRIu64, below(2) ? "-" : "", below(below(2) ? 10 : UINT64_MAX));
    if (below(2)) {
        to[n++] = '.';
        for (uint64_t k = 1 + below(25); k; k--) to[n++] = (char)('0' + below(10));
    }
    if (below(3))
        n += snprintf(to + n, 20, "%c%s%d", below(2) ? 'e' : 'E',
                      below(2)   ? "-"
                      : below(2) ? "+"
                                 : "",
                      (int)below(below(2) ? 30 : 400));
    to[n] = 0;
}

/* The middle between two doubles, exactly, and one unit of its last digit away from it. */
static void middles(char *to) {
    double x = (double)(UINT64_C(1) << 52) + (double)below(UINT64_C(1) << 52);
    uint64_t twice = 2 * (uint64_t)x + 1;
    int shift = (int)below(9); /* over 2^shift: so many digits behind the point */
    uint64_t whole = twice >> shift, rest = twice - (whole << shift);
    int n = snprintf(to, LONGEST, "%" PRIu64, whole);
    if (shift) to[n++] = '.';
    for (int k = 0; k < shift; k++) {
        rest *= 10;
        to[n++] = (char)('0' + (rest >> shift));
        rest &= (UINT64_C(1) << shift) - 1;
    }
    if (shift && below(2)) to[n++] = '1';
    to[n] = 0;
}

/* Of any size, near 1, in few digits, and whole: in turn. */
static double any_double(int kind) {
    uint64_t bits = rng_word(&noise);
    double x, share = (double)(bits >> 11) * 0x1p-53;
    memcpy(&x, &bits, sizeof x);
    if (kind == 0) return isfinite(x) ? x : 1;
    return kind == 1 ? 20 * (share - 0.5) : kind == 2 ? round(share * 1e6) / 1e4 : round(share * 1e17);
}

static bool prints_shortest(void) {
    char found[NUMBER_LONGEST], wanted[NUMBER_LONGEST];
    for (int i = 0; i < ROUNDS; i++) {
        double x = any_double(i % 4);
        number_print(found, x);
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(wanted, sizeof wanted, "%.*g", digits, x);
            if (strtod(wanted, NULL) == x) break;
        }
        if (strcmp(found, wanted) != 0) return false;
    }
    return true;
}

int main(void) {
    static const char *const NONE[] = {"",   "-",   ".5",  "5.",  "+1",  "01",   "-01", "e5",
                                       "1e", "1e+", "inf", "nan", "--1", "1.e5", "-.5", " 1"};
    noise = rng_open(1, 0);
    all_agree("doubles", doubles);
    all_agree("usual numbers", usual);
    all_agree("any digits", digits);
    all_agree("middles", middles);
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        double x;
        const char *end = number_read(NONE[i], &x);
        check(!end || *end, "no number", "`%s`", NONE[i]);
    }
    char zeros[LONGEST];
    memset(zeros, '0', sizeof zeros);
    memcpy(zeros, "0.", 2), strcpy(zeros + LONGEST - 6, "1e900");
    CHECK(agrees(zeros), "a thousand zeros, and an exponent that takes them back");
    CHECK(agrees("1e-99999999999999999999") && agrees("-0") && agrees("0e999"), "exponents beyond any");
    CHECK(prints_shortest(), "the fewest digits that read back, as printf writes them");
    double x;
    CHECK(number_parse("5.", &x) && x == 5 && number_parse("+.5e1", &x) && x == 5 &&
              !number_parse("0x10", &x),
          "what only number_parse takes");
    return check_end();
}
