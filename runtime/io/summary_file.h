/* Results read back: the JSON object of report_json, or a file of draws in Stan's form, which is summarised
 * anew. */
#ifndef VM_IO_SUMMARY_FILE_H
#define VM_IO_SUMMARY_FILE_H

#include "runtime/io/report.h"

/* Reads a .json or .csv file into *r; memory from `a`. False where it cannot be read or is no result, which
 * is reported.
 *
 * Draws are taken as independent: mcse is sd / sqrt(draws). Columns whose names end in `__` are Stan's own
 * and are left out. Axes have no names there. The verdict is that of the comment `# verdict = …`; without
 * one, it is `doubtful`, and a reason says so. */
bool summary_read(diagnostics *d, arena *a, const char *path, report *r);

#endif
