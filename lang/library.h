/* The standard library, written in the language and embedded in the binary, item by item (every .vm file of
 * stdlib/, by stdlib/embed.py). A program reads the items that it names and those that these name
 * (library.c). */
#ifndef VM_LANG_LIBRARY_H
#define VM_LANG_LIBRARY_H

#include <stddef.h>

typedef struct library_item {
    const char *file, *section, *name; /* the section is the first sentence of the file */
    const char *of[2]; /* the two distributions of a closed form, which it is read for; else NULL */
    const char *text;
    size_t length;
} library_item;

extern const library_item LIBRARY[];
extern const int LIBRARY_COUNT;

#endif
