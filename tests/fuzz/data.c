/* The readers of data files and the binding of what they read, to a program that has a place for every kind
 * of column. What begins as JSON does is read as JSON, the rest as CSV. */
#include "runtime/bind/model.h"
#include "runtime/io/csv.h"
#include "runtime/io/json.h"
#include "tests/fuzz/harness.h"

static const char *const PROGRAM =
    "axis row, group, k = 2, arm = {control, drug}\n"
    "axis place from \"d.csv\" key name\n"
    "data n : count = 2\n"
    "data x[row] : real\n"
    "data m[row, k] : real\n"
    "data s[row, arm] : positive = 1\n"
    "data p[k] : simplex = 0.5\n"
    "data c[k, k'] : covariance = if k == k' then 1 else 0\n"
    "data g[row] : group = 1\n"
    "data of[row] : place from 0 = 1\n"
    "data a[row] : arm = 1\n"
    "data b[group] : binary = 1\n"
    "data u : interval(0, n) = 1\n"
    "model {\n  mu[group, place] ~ normal(0, 1)\n  x[row] ~ normal(mu[g, of], 1)\n}\n";

static void read_and_bind(fuzz_host *h, const program *p, const uint8_t *input, size_t length) {
    data_set s;
    data_open(&s, &h->arena);
    bool json = length && (input[0] == '{' || input[0] == '[');
    char *text = malloc(length + 1); /* of its own, so that reading behind its end is seen */
    if (length) memcpy(text, input, length);
    text[length] = 0;
    bool read = json ? json_read_text(&h->diagnostics, &s, "d.json", text, length)
                     : csv_read_text(&h->diagnostics, &s, "d.csv", text, length, length % 2 ? "row" : NULL);
    free(text);
    if (!read && !h->diagnostics.errors) abort();
    if (!model_bind(&h->diagnostics, p, &s, &h->arena) && !h->diagnostics.errors) abort();
    fuzz_look_at_messages(h);
}

/* Compiled once: only the data differ. */
static const program *known_program(void) {
    static fuzz_host h;
    static const program *p;
    if (p) return p;
    fuzz_open(&h);
    if (setjmp(h.escape)) abort();
    uint32_t source = diagnostics_source(&h.diagnostics, "p.vm", PROGRAM, strlen(PROGRAM), false);
    p = program_compile(&h.diagnostics, &h.names, source, NULL);
    if (h.diagnostics.errors) abort();
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length) {
    static fuzz_host h;
    const program *p = known_program();
    fuzz_open(&h);
    diagnostics_source(&h.diagnostics, "p.vm", PROGRAM, strlen(PROGRAM), false);
    if (setjmp(h.escape)) abort();
    read_and_bind(&h, p, input, length);
    fuzz_close(&h);
    return 0;
}
