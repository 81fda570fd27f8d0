#include "base/status.h"

static const char *const TEXTS[] = {
#define STATUS(name, about) about,
#include "base/status.def"
#undef STATUS
};

const char *status_text(status s) { return s < STATUS_count ? TEXTS[s] : "an unknown status"; }
