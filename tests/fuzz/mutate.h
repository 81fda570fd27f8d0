#ifndef VM_TESTS_FUZZ_MUTATE_H
#define VM_TESTS_FUZZ_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Large, so that it is made once. The host's malloc is used: what runs out of memory here is no test. */
typedef struct mutator mutator;
mutator *mutator_new(uint64_t seed);
void mutator_free(mutator *m);

/* A changed text of at most `most` bytes, which stays until the next one; `other` is a text to take from. */
size_t mutate(mutator *m, const char *text, size_t length, const char *other, size_t other_length,
              const char **to, size_t most);

void *afl_custom_init(void *afl, unsigned seed);
void afl_custom_deinit(void *m);
size_t afl_custom_fuzz(void *m, unsigned char *text, size_t length, unsigned char **to, unsigned char *other,
                       size_t other_length, size_t most);

#endif
