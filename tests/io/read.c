/* Reading data files: what they hold, and every mistake with its message. */
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/number.h"
#include "runtime/io/csv.h"
#include "runtime/io/json.h"
#include "runtime/io/read.h"
#include "tests/bind/workshop.h"

static const data_array *array(const workshop *w, const char *called) {
    for (uint32_t i = w->data.arrays.count; i-- > 0;)
        if (strcmp(w->data.arrays.at[i].name, called) == 0) return &w->data.arrays.at[i];
    return NULL;
}

static bool csv_bytes(workshop *w, const char *text, size_t length) {
    return csv_read_text(&w->d, &w->data, "t.csv", text, length, NULL);
}

static void csv_good(void) {
    static const char TEXT[] = "\xef\xbb\xbfname,x,\"y, z\",k\r\n"
                               "\"a \"\"b\"\"\",1e3,-inf,007\r\n"
                               "\r\n"
                               "\"two\r\nlines\",NaN,.5,\r\n"
                               " c ,NA,,x1";
    workshop *w = fresh();
    CHECK(csv_bytes(w, TEXT, sizeof TEXT - 1) && w->data.arrays.count == 4, "csv is read");
    const data_array *names = array(w, "name"), *x = array(w, "x"), *y = array(w, "y, z"), *k = array(w, "k");
    CHECK(names && names->rank == 1 && names->dims[0] == 3 && w->data.tables.at[names->table].rows == 3,
          "csv rows");
    CHECK(names && strcmp(names->texts[0], "a \"b\"") == 0 && strcmp(names->texts[1], "two\r\nlines") == 0 &&
              strcmp(names->texts[2], "c") == 0,
          "csv quotes");
    CHECK(x && !x->texts && x->numbers[0] == 1000 && isnan(x->numbers[1]) && !x->missing[1] && x->missing[2],
          "csv NA");
    CHECK(y && y->numbers[0] == -INFINITY && y->numbers[1] == 0.5 && y->missing[2], "csv numbers");
    CHECK(k && strcmp(k->texts[0], "007") == 0 && k->missing[1] && !k->texts[1],
          "a column with a text keeps all texts");
    CHECK(x && x->lines[0] == 2 && x->lines[1] == 4 && x->lines[2] == 6, "csv lines");

    w = fresh();
    CHECK(csv_bytes(w, "x,y\n", 4) && array(w, "x")->dims[0] == 0, "a header alone is no rows");
    w = fresh();
    CHECK(csv_bytes(w, "x\r1\r2\r", 6) && array(w, "x")->dims[0] == 2 && array(w, "x")->lines[1] == 3,
          "csv of old Macs");
}

static void csv_refuses(const char *text, size_t length, const char *called, const char *want) {
    workshop *w = fresh();
    bool good = csv_bytes(w, text, length);
    expect(w, called, want);
    check(!good && w->data.arrays.count == 0, called, "something was added");
}

#define REFUSES(kind, text, called, want) kind##_refuses(text, sizeof(text) - 1, called, want)

static void csv_bad(void) {
    REFUSES(csv, "a,b\n1,2\n3\n", "csv row too short",
            "t.csv:3: error[data]: the row has 1 cell, but there are 2 columns\n"
            "help: a text with a comma in it stands in quotes, \"a, b\"; a missing cell is empty or NA\n");
    REFUSES(csv, "a,b\n\n1,2,3\n", "csv row too long",
            "t.csv:3: error[data]: the row has 3 cells, but there are 2 columns\n"
            "help: a text with a comma in it stands in quotes, \"a, b\"; a missing cell is empty or NA\n");
    REFUSES(csv, "a,b\n1,2\n3,4\"5\n", "csv quote within a cell",
            "t.csv:3: error[data]: a quote stands in the middle of a cell\n"
            "help: a cell with quotes in it is written \"say \"\"so\"\"\"\n");
    REFUSES(csv, "a,b\n1,2\n3,\"4\n5,6\n", "csv quote never closed",
            "t.csv:3: error[data]: a quote is opened in the row that starts here, and never closed\n"
            "help: a cell with quotes in it is written \"say \"\"so\"\"\"\n");
    REFUSES(csv, "a;b\n1,5;2\n", "csv with semicolons",
            "t.csv:1: error[data]: the columns are separated by `;`\n"
            "help: write the file with commas between columns and points in numbers\n");
    REFUSES(csv, "1,2\n3,4\n", "csv without names",
            "t.csv:1: error[data]: the first row begins with the number 1\n"
            "help: the first row names the columns: put one before it\n");
    REFUSES(csv, "a,b,a\n1,2,3\n", "csv duplicate column",
            "t.csv:1: error[data]: columns 1 and 3 are both called `a`\nhelp: give each column a name of its "
            "own\n");
    REFUSES(csv, "a,,b\n1,2,3\n", "csv column without name",
            "t.csv:1: error[data]: column 2 has no name\nhelp: the first row names the columns\n");
    REFUSES(csv, "", "csv empty",
            "t.csv: error[data]: the file is empty\n"
            "help: the first row names the columns, each further one is an entry\n");
    REFUSES(csv, "\n \n", "csv blank",
            "t.csv: error[data]: the file is empty\n"
            "help: the first row names the columns, each further one is an entry\n");
    REFUSES(csv, "\na\n1\n\n\n2\n", "csv blank line in a single column",
            "t.csv:4: error[data]: a blank line stands between the entries of a single column\n"
            "help: write NA for an entry that is missing, or delete the line\n");
    REFUSES(csv, "a\n1\n2\0\n", "csv NUL",
            "t.csv:3: error[data]: the file has a NUL byte\nhelp: save the file as UTF-8 text\n");
    REFUSES(csv, "a\n1\nM\xfcller\n", "csv Latin-1",
            "t.csv:3: error[data]: the byte 0xfc is not UTF-8\nhelp: save the file as UTF-8 text\n");
}

static bool json_bytes(workshop *w, const char *text, size_t length) {
    return json_read_text(&w->d, &w->data, "d.json", text, length);
}

static void json_good(void) {
    static const char TEXT[] =
        "{\"N\": 3, \"x\": [[1, 2], [3.5, \"Inf\"], [null, \"-Inf\"]], \"s\": [\"a\", \"b\"],"
        "\"t\": [true, false], \"e\": [], \"f\": [[], []], \"big\": 123456789012345678901}";
    workshop *w = fresh();
    CHECK(json_bytes(w, TEXT, sizeof TEXT - 1), "json is read");
    const data_array *x = array(w, "x"), *s = array(w, "s"), *t = array(w, "t"), *f = array(w, "f");
    CHECK(array(w, "N")->rank == 0 && array(w, "N")->numbers[0] == 3, "json number");
    CHECK(x && x->rank == 2 && x->dims[0] == 3 && x->dims[1] == 2 && x->numbers[2] == 3.5 &&
              x->numbers[3] == INFINITY && x->numbers[5] == -INFINITY && x->missing[4] && !x->missing[5] &&
              !x->texts,
          "json matrix");
    CHECK(s && s->texts && strcmp(s->texts[1], "b") == 0, "json strings");
    CHECK(t && t->numbers[0] == 1 && t->numbers[1] == 0, "json truth values");
    CHECK(array(w, "e")->rank == 1 && array(w, "e")->dims[0] == 0, "json empty list");
    CHECK(f && f->rank == 2 && f->dims[0] == 2 && f->dims[1] == 0, "json empty rows");
    CHECK(array(w, "big")->numbers[0] == 123456789012345678901.0, "json large whole number");
}

/* Any value: mostly lists of numbers of one length, with a stray word, list or sign now and then. */
static size_t write_value(rng *r, char *to, int depth) {
    static const char *const OTHERS[] = {"null", "true", "\"a\"", "\"Inf\"", "{}",  "[]",
                                         "01",   "1.",   "-",     "1e999",   "nan", ""};
    if (depth && rng_below(r, 40)) {
        size_t n = 0, count = rng_below(r, 20) ? 3 : 2;
        to[n++] = '[';
        for (size_t i = 0; i < count; i++) {
            if (i) n += (size_t)sprintf(to + n, rng_below(r, 2) ? "," : " ,\n ");
            n += write_value(r, to + n, depth - 1);
        }
        to[n++] = ']';
        return n;
    }
    if (!rng_below(r, 60))
        return (size_t)sprintf(to, "%s", OTHERS[rng_below(r, sizeof OTHERS / sizeof *OTHERS)]);
    return (size_t)sprintf(to, rng_below(r, 2) ? "%.17g" : "%.3g", rng_normal(r) * exp(10 * rng_normal(r)));
}

static bool same_array(const data_array *x, const data_array *y) {
    uint64_t size = data_array_size(x);
    bool same = strcmp(x->name, y->name) == 0 && x->rank == y->rank && size == data_array_size(y) &&
                memcmp(x->dims, y->dims, sizeof x->dims) == 0 && !x->texts == !y->texts &&
                !x->missing == !y->missing;
    for (uint64_t i = 0; i < size && same; i++) {
        same = memcmp(&x->numbers[i], &y->numbers[i], sizeof *x->numbers) == 0;
        if (x->texts && same) same = !x->texts[i] == !y->texts[i];
        if (x->missing && same) same = x->missing[i] == y->missing[i];
    }
    return same;
}

/* A name that is written with an escape is jansson's, and then all of the text is. */
static void json_both_ways(void) {
    enum { TEXTS = 3000 };
    static char text[1 << 16];
    rng r = rng_open(1, 0);
    for (int k = 0; k < TEXTS; k++) {
        size_t n = 0;
        for (uint64_t i = 0, count = 1 + rng_below(&r, 4); i < count; i++) {
            n += (size_t)sprintf(text + n, "%s\"v%d\": ", i ? "," : "{", (int)rng_below(&r, 30));
            n += write_value(&r, text + n, (int)rng_below(&r, 4));
        }
        size_t end = n + (size_t)sprintf(text + n, "}");
        workshop *w = fresh();
        bool good = json_bytes(w, text, end);
        uint32_t said = w->d.list.count, arrays = w->data.arrays.count;
        arena kept;
        arena_open(&kept, &w->memory);
        kept = w->arena; /* fresh() closes what it finds */
        w->arena = (arena){.memory = &w->memory};
        data_array *before = w->data.arrays.at;
        w = fresh();
        end = n + (size_t)sprintf(text + n, ", \"\\u007a\": 1}");
        bool again = json_bytes(w, text, end), further = array(w, "z") != NULL;
        bool same = good == again && said == w->d.list.count && w->data.arrays.count == arrays + further;
        for (uint32_t i = 0; i < arrays && same; i++) same = same_array(&before[i], &w->data.arrays.at[i]);
        arena_close(&kept);
        if (!same) {
            check(false, "json as it stands and as a tree", "%.300s", text);
            return;
        }
    }
    CHECK(true, "json as it stands and as a tree");
}

static void json_refuses(const char *text, size_t length, const char *called, const char *want) {
    workshop *w = fresh();
    bool good = json_bytes(w, text, length);
    expect(w, called, want);
    check(!good, called, "it was accepted");
}

static void json_bad(void) {
    REFUSES(json, "{\"x\": [[1, 2], [3]]}", "json ragged",
            "d.json: error[data]: `x[2]` is a list of 1, but the first one there is of 2\n"
            "help: all lists at one depth have the same length\n");
    REFUSES(json, "{\"x\": [[1, 2], 3]}", "json number among lists",
            "d.json: error[data]: `x[2]` is a single value, but there are lists beside it\n"
            "help: all lists at one depth have the same length\n");
    REFUSES(json, "{\"x\": [1, [2]]}", "json list among numbers",
            "d.json: error[data]: `x[2]` is a list, but there are single values beside it\n"
            "help: all lists at one depth have the same length\n");
    REFUSES(json, "{\"x\": {\"y\": 1}}", "json object",
            "d.json: error[data]: `x` is an object\nhelp: write numbers, or lists of numbers\n");
    REFUSES(json, "{\"x\": [1,\n 2,]}", "json broken",
            "d.json:2: error[data]: column 4: unexpected token near ']'\n"
            "help: data are one JSON object, {\"x\": [1, 2, 3]}\n");
    REFUSES(json, "{\"x\": NaN}", "json NaN",
            "d.json:1: error[data]: column 9: invalid token near 'NaN'\n"
            "help: write null for a missing entry, and \"NaN\" or \"Inf\" in quotes\n");
    REFUSES(json, "[1]", "json list",
            "d.json: error[data]: the file holds no object\n"
            "help: data are one JSON object with a list for each variable, {\"x\": [1, 2, 3]}, not a list of "
            "rows\n");
    REFUSES(json, "{\"x\": 1, \"x\": 2}", "json duplicate",
            "d.json:1: error[data]: column 12: duplicate object key near '\"x\"'\n"
            "help: data are one JSON object, {\"x\": [1, 2, 3]}\n");
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    if (!f) return;
    fputs(text, f);
    fclose(f);
}

static void files(void) {
    char folder[] = "/tmp/vm_test_XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        CHECK(false, "a folder for files");
        return;
    }
    write_file("homes.csv", "x\n1\n");
    write_file("d.JSON", "{\"x\": 2}");
    write_file("odd.txt", "x\n");
    mkdir("folder.csv", 0777);
    workshop *w = fresh();
    CHECK(data_read(&w->d, &w->data, "./homes.csv", "home") && strcmp(w->data.tables.at[1].axis, "home") == 0,
          "csv file");
    CHECK(data_read(&w->d, &w->data, "d.JSON", NULL) && array(w, "x")->numbers[0] == 2, "json file");
    CHECK(data_read(&w->d, &w->data, "/dev/null", NULL) == false, "a file without an ending");

    w = fresh();
    data_read(&w->d, &w->data, "hoems.csv", NULL);
    expect(w, "missing file",
           "hoems.csv: error[data]: there is no such file\nhelp: did you mean homes.csv?\n");
    w = fresh();
    data_read(&w->d, &w->data, "no/such/place.json", NULL);
    expect(w, "missing folder",
           "no/such/place.json: error[data]: there is no such file\n"
           "help: paths in a program start at the folder of its file, paths in the command at the current "
           "one\n");
    w = fresh();
    data_read(&w->d, &w->data, "folder.csv", NULL);
    expect(w, "folder",
           "folder.csv: error[data]: this is a folder, not a file\nhelp: name one of the files in it\n");
    w = fresh();
    data_read(&w->d, &w->data, "odd.txt", NULL);
    expect(w, "unknown ending",
           "odd.txt: error[data]: the kind of the file is not known by its name\nhelp: data files end in "
           ".csv or .json\n");
    w = fresh();
    data_read(&w->d, &w->data, "d.JSON", "home");
    expect(w, "json with an axis",
           "d.JSON: error[data]: a JSON file has no rows that could be the entries of `home`\n"
           "help: give it without the axis, --data d.JSON\n");
    unlink("homes.csv"), unlink("d.JSON"), unlink("odd.txt"), rmdir("folder.csv");
    if (chdir("/") == 0) rmdir(folder);
}

/* Memory fails at the n-th request, for every n: all of it is given back, and so is what libcsv and jansson
 * hold (a leak checker sees those). */
static void memory_fails(void) {
    static workshop w;
    static char table[4000], object[4000];
    char *c = table + sprintf(table, "name,x\n"), *j = object + sprintf(object, "{\"x\": [0");
    for (int i = 0; i < 150; i++) c += sprintf(c, "\"label %d\",%d\n", i, i), j += sprintf(j, ",\"s%d\"", i);
    sprintf(j, "], \"y\": [[1], [2, 3]]}");
    volatile bool good = true, done = false;
    volatile long n = 0;
    while (!done && n++ < 10000) {
        workshop_open(&w, n);
        if (setjmp(w.escape) == 0) {
            workshop_fill(&w);
            for (size_t left = 0; left < 4; left++) {
                csv_bytes(&w, table, strlen(table));
                json_bytes(&w, object, strlen(object));
            }
            done = w.requests < n;
        }
        good = good && w.memory.escape == &w.escape;
        workshop_close(&w);
        good = good && w.live == 0;
    }
    check(good && done, "memory fails at every request while reading", "at request %ld", n);
}

static void numbers(void) {
    static const char *const GOOD[] = {"0",    "-1.5", "+2",   ".5",  "5.",      "1e300",
                                       "1E-5", "inf",  "-Inf", "NaN", "INFINITY"};
    static const char *const BAD[] = {"",   " 1",  "1 ",     "0x10", "1e",    ".",
                                      "e5", "1,5", "nan(1)", "--1",  "1.2.3", "infi"};
    double x;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        check(number_parse(GOOD[i], &x), "a number", "%s", GOOD[i]);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        check(!number_parse(BAD[i], &x), "no number", "%s", BAD[i]);
    char text[NUMBER_LONGEST];
    CHECK(strcmp(number_print(text, 0.1), "0.1") == 0 && strcmp(number_print(text, 9.95), "9.95") == 0,
          "short numbers");
    bool good = true;
    uint64_t bits = 1;
    for (int i = 0; i < 200000; i++) {
        double y, z;
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&y, &bits, sizeof y);
        if (isfinite(y))
            good = good && number_parse(number_print(text, y), &z) && memcmp(&y, &z, sizeof y) == 0;
    }
    CHECK(good, "numbers read back to the same bits");
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8")) {
        CHECK(number_parse("1.5", &x) && x == 1.5 && strcmp(number_print(text, 1.5), "1.5") == 0,
              "another locale");
        setlocale(LC_NUMERIC, "C");
    }
}

int main(void) {
    numbers();
    csv_good();
    csv_bad();
    json_good();
    json_both_ways();
    json_bad();
    files();
    memory_fails();
    return check_end();
}
