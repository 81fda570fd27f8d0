#include "runtime/io/read.h"

#include <strings.h>

#include "runtime/io/csv.h"
#include "runtime/io/file.h"
#include "runtime/io/json.h"

bool data_read(diagnostics *d, data_set *s, const char *path, const char *axis_name) {
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    const char *ending = dot ? dot : "";
    if (strcasecmp(ending, ".csv") == 0) return csv_read(d, s, path, axis_name);
    if (strcasecmp(ending, ".json") != 0) {
        if (!file_present(d, path)) return false;
        diagnostic *said = diagnose_data(d, path, 0, "the kind of the file is not known by its name");
        advise(d, said, "data files end in .csv or .json");
        return false;
    }
    if (!axis_name) return json_read(d, s, path);
    diagnostic *said =
        diagnose_data(d, path, 0, "a JSON file has no rows that could be the entries of `%s`", axis_name);
    advise(d, said, "give it without the axis, --data %s", path);
    return false;
}
