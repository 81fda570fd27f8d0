/* What passes need of scans, beside their builder (tape.h). */
#ifndef VM_AUTODIFF_SCAN_H
#define VM_AUTODIFF_SCAN_H

#include "autodiff/tape.h"

/* The same scan on another tape (or the same), where its operand r is map[r]; operands that lack axes which
 * the body expects are repeated over them. */
ref scan_copy(tape *to, const scan *s, const ref *map);

/* What a scan's result is: its kind, and its number among those. */
typedef enum result_kind { RESULT_final, RESULT_emission, RESULT_history } result_kind;
typedef struct scan_output {
    result_kind kind;
    uint32_t number;
} scan_output;
scan_output scan_output_of(const scan *s, uint32_t result);
uint32_t scan_emissions(const scan *s);

#endif
