/* How a call of the library ends (status.def). */
#ifndef VM_BASE_STATUS_H
#define VM_BASE_STATUS_H

typedef enum status {
#define STATUS(name, about) STATUS_##name,
#include "base/status.def"
#undef STATUS
    STATUS_count
} status;

const char *status_text(status s);

#endif
