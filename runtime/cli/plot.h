/* Densities of the library's distributions as pictures of text. */
#ifndef VM_CLI_PLOT_H
#define VM_CLI_PLOT_H

#include <stdio.h>

#include "lang/syntax.h"

/* Prints the density of a distribution of single numbers, with arguments as an example, behind `indent` in
 * every line. Prints nothing, and returns false, for one of vectors, or whose density is flat. */
bool plot_density(arena *a, const item *distribution, const char *indent, FILE *to);

#endif
