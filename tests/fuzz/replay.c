/* A fuzzer's entry point without a fuzzer.
 *
 * usage: PROGRAM [FILE…]   runs the files; without any, those of FUZZ_SEEDS, each as it is and in
 * FUZZ_CHANGES changed forms (mutate.c), always the same ones. An input that ends the process is printed. */
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fuzz/harness.h"
#include "tests/fuzz/mutate.h"

enum { LARGEST = 1 << 24, INPUT_MOST = 1 << 14 };

static const char *now;
static size_t now_length;

static void tell(int signal_number) {
    static const char SAID[] = "\nit ended with this input:\n";
    if (write(2, SAID, sizeof SAID - 1) < 0 || write(2, now, now_length) < 0) return;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void run(const char *text, size_t length) {
    now = text;
    now_length = length;
    LLVMFuzzerTestOneInput((const uint8_t *)text, length);
}

typedef struct seed {
    char *text;
    size_t length;
} seed;

static seed read_seed(const char *path) {
    seed s = {malloc(LARGEST), 0};
    FILE *from = fopen(path, "rb");
    if (from) {
        s.length = fread(s.text, 1, LARGEST, from);
        fclose(from);
    }
    check(from != NULL, path, "cannot be read");
    s.text = realloc(s.text, s.length + 1);
    return s;
}

int main(int count, char **paths) {
    char seeds[] = FUZZ_SEEDS;
    glob_t found = {0};
    signal(SIGABRT, tell);
    signal(SIGSEGV, tell);
    for (char *word = strtok(seeds, " "); count == 1 && word; word = strtok(NULL, " "))
        glob(word, found.gl_pathc ? GLOB_APPEND : 0, NULL, &found);
    if (count == 1) count = (int)found.gl_pathc, paths = found.gl_pathv;
    else paths++, count--;
    mutator *m = mutator_new(1);
    seed before = {NULL, 0};
    for (int i = 0; i < count; i++) {
        seed s = read_seed(paths[i]);
        run(s.text, s.length);
        for (int k = 0; found.gl_pathc && k < FUZZ_CHANGES; k++) {
            const char *text;
            size_t length = mutate(m, s.text, s.length, before.text, before.length, &text, INPUT_MOST);
            char *copy = malloc(length);
            memcpy(copy, text, length);
            run(copy, length);
            free(copy);
        }
        free(before.text);
        before = s;
    }
    free(before.text);
    mutator_free(m);
    globfree(&found);
    return check_end();
}
