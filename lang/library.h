/* The standard library, written in the language and embedded in the binary (every .vm file of stdlib/, by
 * stdlib/embed.py). */
#ifndef VM_LANG_LIBRARY_H
#define VM_LANG_LIBRARY_H

#include <stddef.h>

typedef struct library_file {
    const char *name, *text;
    size_t length;
} library_file;

extern const library_file LIBRARY[];
extern const int LIBRARY_COUNT;

#endif
