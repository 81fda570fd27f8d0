/* Programs as they should look. */
#ifndef VM_LANG_FORMAT_H
#define VM_LANG_FORMAT_H

#include "base/diagnostics.h"
#include "base/names.h"

/* The text of a source, formatted, in the arena of `d`; NULL where its syntax has mistakes, which are
 * reported. The result has the same tokens and comments; formatting it again changes nothing. */
const char *format_source(diagnostics *d, names *n, uint32_t source, size_t *length);

#endif
