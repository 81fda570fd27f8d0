/* Binding data to declarations: sizes, labels, orders of dimensions, types; every mistake with its message.
 */
#include "runtime/io/csv.h"
#include "runtime/io/json.h"
#include "tests/bind/workshop.h"

static void json(workshop *w, const char *text) {
    json_read_text(&w->d, &w->data, "d.json", text, strlen(text));
}

static void csv(workshop *w, const char *file, const char *axis_name, const char *text) {
    csv_read_text(&w->d, &w->data, file, text, strlen(text), axis_name);
}

static bool values_are(const model *m, variable v, int n, const double *want) {
    if (!m || !m->values[v]) return false;
    for (int i = 0; i < n; i++)
        if (m->values[v][i] != want[i]) return false;
    return true;
}

#define VALUES(m, v, ...)                                                                                    \
    values_are((m), (v), (int)(sizeof(double[]){__VA_ARGS__} / sizeof(double)), (double[]){__VA_ARGS__})

static void test_sizes(void) {
    workshop *w = fresh();
    axis home = add_axis(w, "home", AXIS_from_data);
    variable y = add_data(w, "y", SUPPORT_real, 1, &home);
    json(w, "{\"y\": [1, 2.5, \"-Inf\"], \"N\": 3}");
    CHECK(!bind(w), "infinite data are refused");
    expect(w, "infinite entry",
           "d.json: error[data]: `y[3]` is -inf, but `y` is declared real\n"
           "help: real is any real number; correct the data or the declaration\n");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data);
    y = add_data(w, "y", SUPPORT_real, 1, &home);
    json(w, "{\"y\": [1, 2.5, 4], \"N\": 3}");
    model *m = bind(w);
    CHECK(m && m->axes[home].size == 3 && VALUES(m, y, 1, 2.5, 4), "size from shape");
    CHECK(m && m->values[y] == w->data.arrays.at[0].numbers, "shared memory");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data);
    add_data(w, "x", SUPPORT_real, 1, &home);
    add_data(w, "y", SUPPORT_real, 1, &home);
    json(w, "{\"y\": [1, 2, 3], \"x\": [1, 2]}");
    bind(w);
    expect(w, "shapes disagree",
           "d.json: error[data]: `y` has 3 entries along `home`, but `x` of d.json has 2\n"
           "help: all that varies over `home` has one entry for each; if these are different things, declare "
           "another axis\n");

    w = fresh();
    axis k = add_axis(w, "k", AXIS_fixed);
    node two = add_number(w, 2);
    variable n = add_data(w, "n", SUPPORT_int, 0, NULL);
    node given = add_node(w, (node_row){.op = NODE_variable, .variable = n});
    w->program.axes.at[k].size = add_node(w, (node_row){.op = NODE_mul, .in = {two, given}});
    add_data(w, "y", SUPPORT_real, 1, &k);
    json(w, "{\"y\": [1, 2, 3], \"n\": [2]}");
    m = bind(w);
    expect(w, "fixed size of data",
           "d.json: error[data]: `y` has 3 entries along `k`, but its declaration says 4\n"
           "help: all that varies over `k` has one entry for each; if these are different things, declare "
           "another axis\n");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data);
    axis pair = add_axis(w, "pair", AXIS_fixed);
    axis other = add_axis(w, "home'", AXIS_alias);
    w->program.axes.at[other].of = home;
    node size = add_node(w, (node_row){.op = NODE_size, .axis = home});
    w->program.axes.at[pair].size = add_node(w, (node_row){.op = NODE_sub, .in = {size, add_number(w, 1)}});
    add_data(w, "y", SUPPORT_real, 1, &home);
    json(w, "{\"y\": [1, 2, 3]}");
    m = bind(w);
    CHECK(m && m->axes[pair].size == 2 && m->axes[other].size == 3, "size of a size; alias");

    w = fresh();
    k = add_axis(w, "k", AXIS_fixed);
    w->program.axes.at[k].size = add_number(w, 2.5);
    bind(w);
    expect(w, "size that is no whole number",
           "error[data]: the size of `k` is 2.5\nhelp: a size is a whole number from 0 to 2147483647\n");

    w = fresh();
    add_axis(w, "county", AXIS_from_data);
    bind(w);
    expect(w, "axis without size",
           "error[data]: nothing says how many entries `county` has\n"
           "help: write `axis county = 8`, give data that vary over it, or --set county=8\n");

    w = fresh();
    axis county = add_axis(w, "county", AXIS_from_data);
    double eight = 8;
    push(&w->arena, &w->data.arrays, (data_array){.name = "county", .numbers = &eight});
    m = bind(w);
    CHECK(m && m->axes[county].size == 8, "size set by name");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data);
    add_data(w, "y", SUPPORT_real, 1, &home);
    json(w, "{\"y\": []}");
    m = bind(w);
    CHECK(m && m->axes[home].size == 0, "empty data");
}

static void test_shapes(void) {
    workshop *w = fresh();
    axis ab[] = {add_axis(w, "a", AXIS_from_data), add_axis(w, "b", AXIS_from_data)};
    axis ba[] = {ab[1], ab[0]};
    variable x = add_data(w, "x", SUPPORT_real, 2, ba);
    variable y = add_data(w, "y", SUPPORT_real, 2, ab);
    json(w, "{\"x\": [[1, 2, 3], [4, 5, 6]], \"y\": [[1, 2], [3, 4], [5, 6]]}");
    model *m = bind(w);
    CHECK(m && m->axes[ab[0]].size == 3 && m->axes[ab[1]].size == 2, "sizes of a matrix");
    CHECK(VALUES(m, x, 1, 4, 2, 5, 3, 6), "permuted to canonical order");
    CHECK(m && VALUES(m, y, 1, 2, 3, 4, 5, 6) && m->values[y] == w->data.arrays.at[1].numbers,
          "canonical order is shared");

    /* Every order of three axes against the definition. */
    static const int ORDERS[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    bool good = true;
    for (int o = 0; o < 6; o++) {
        w = fresh();
        axis all[] = {add_axis(w, "a", AXIS_from_data), add_axis(w, "b", AXIS_from_data),
                      add_axis(w, "c", AXIS_from_data)};
        uint32_t dims[] = {2, 3, 4};
        axis order[3];
        data_array given = {.name = "x", .rank = 3};
        double numbers[24];
        for (int i = 0; i < 3; i++) order[i] = all[ORDERS[o][i]], given.dims[i] = dims[ORDERS[o][i]];
        uint32_t at[3];
        uint32_t i = 0;
        for (at[0] = 0; at[0] < given.dims[0]; at[0]++)
            for (at[1] = 0; at[1] < given.dims[1]; at[1]++)
                for (at[2] = 0; at[2] < given.dims[2]; at[2]++) {
                    uint32_t place[3];
                    for (int k = 0; k < 3; k++) place[ORDERS[o][k]] = at[k];
                    numbers[i++] = (place[0] * 3 + place[1]) * 4 + place[2];
                }
        given.numbers = numbers;
        push(&w->arena, &w->data.arrays, given);
        x = add_data(w, "x", SUPPORT_real, 3, order);
        m = bind(w);
        for (i = 0; i < 24; i++) good = good && m && m->values[x][i] == i;
    }
    CHECK(good, "all orders of three axes");

    w = fresh();
    axis home = add_axis(w, "home", AXIS_from_data);
    add_data(w, "y", SUPPORT_real, 1, &home);
    json(w, "{\"y\": 3}");
    bind(w);
    expect(w, "number for a list",
           "d.json: error[data]: `y` is a single number, but the program declares `y[home]`\n"
           "help: it needs 1 dimension, one for each axis; or change the declaration\n");

    w = fresh();
    add_data(w, "y", SUPPORT_real, 0, NULL);
    json(w, "{\"y\": [3, 4]}");
    bind(w);
    expect(w, "list for a number",
           "d.json: error[data]: `y` is a list of 2, but the program declares `y`, a single number\n"
           "help: give one number, or declare the axes that `y` varies over, `y[…]`\n");

    w = fresh();
    add_data(w, "Y", SUPPORT_real, 0, NULL);
    json(w, "{\"y\": 3, \"sigma\": [1]}");
    bind(w);
    expect(w, "no data",
           "error[data]: no data give `Y`\nhelp: did you mean `y`? the data have `y`, `sigma`\n");

    w = fresh();
    add_data(w, "y", SUPPORT_real, 0, NULL);
    bind(w);
    expect(w, "no data at all",
           "error[data]: no data give `y`\n"
           "help: name a file in the program, `data from \"data.json\"`, or give one with --data\n");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data);
    variable s = add_data(w, "s", SUPPORT_positive, 1, &home);
    w->program.variables.at[s].value = add_number(w, 0.5);
    add_data(w, "y", SUPPORT_real, 1, &home);
    json(w, "{\"y\": [1, 2]}");
    m = bind(w);
    CHECK(VALUES(m, s, 0.5, 0.5), "default for every entry");
}

static void test_indices(void) {
    workshop *w = fresh();
    axis home = add_axis(w, "home", AXIS_from_data), county = add_axis(w, "county", AXIS_from_data);
    variable of = add_data(w, "county_of", SUPPORT_index, 1, &home);
    w->program.variables.at[of].type.index = county;
    csv(w, "homes.csv", NULL, "county_of,y\nB,1\nA,2\nB,3\n");
    model *m = bind(w);
    CHECK(VALUES(m, of, 1, 2, 1), "labels in order of first appearance");
    CHECK(m && m->axes[county].size == 2 && strcmp(m->axes[county].labels[0], "B") == 0, "labels of an axis");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data), county = add_axis(w, "county", AXIS_from_data);
    of = add_data(w, "county_of", SUPPORT_index, 1, &home);
    w->program.variables.at[of].type.index = county;
    w->program.variables.at[of].from_zero = true;
    json(w, "{\"county_of\": [0, 4, 2]}");
    m = bind(w);
    CHECK(m && m->axes[county].size == 5 && VALUES(m, of, 1, 5, 3), "indices from 0");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data), county = add_axis(w, "county", AXIS_fixed);
    w->program.axes.at[county].size = add_number(w, 3);
    of = add_data(w, "county_of", SUPPORT_index, 1, &home);
    w->program.variables.at[of].type.index = county;
    csv(w, "homes.csv", NULL, "county_of\n1\n4\n3\n7\n");
    bind(w);
    expect(w, "index beyond its axis",
           "homes.csv:3: error[data]: `county_of[2]` is 4, which is not an entry of `county` (and 1 more)\n"
           "help: it takes whole numbers from 1 to 3: its declaration says 3\n");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data), county = add_axis(w, "county", AXIS_from_data);
    of = add_data(w, "county_of", SUPPORT_index, 1, &home);
    w->program.variables.at[of].type.index = county;
    json(w, "{\"county_of\": [1, 0]}");
    bind(w);
    expect(w, "index 0",
           "d.json: error[data]: `county_of[2]` is 0, which is not an entry of `county`\n"
           "help: indices count from 1; if these count from 0, declare `county_of[home] : county from 0`\n");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_table), county = add_axis(w, "county", AXIS_from_table);
    w->program.axes.at[home].file = "homes.csv", w->program.axes.at[county].file = "counties.csv";
    w->program.axes.at[county].key = "name";
    of = add_data(w, "county_of", SUPPORT_index, 1, &home);
    w->program.variables.at[of].type.index = county;
    variable u = add_data(w, "u", SUPPORT_real, 1, &county);
    csv(w, "models/counties.csv", NULL, "name,u,y\nAnoka,0.5,1\nCarver,0.25,1\n");
    csv(w, "models/homes.csv", NULL, "county_of,u\nCarver,9\nAnoka,9\nCarver,9\n");
    m = bind(w);
    CHECK(m && m->axes[home].size == 3 && VALUES(m, of, 2, 1, 2), "foreign key");
    CHECK(VALUES(m, u, 0.5, 0.25), "column of the table of its axis");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data), county = add_axis(w, "county", AXIS_from_table);
    w->program.axes.at[county].file = "counties.csv", w->program.axes.at[county].key = "name";
    of = add_data(w, "county_of", SUPPORT_index, 1, &home);
    w->program.variables.at[of].type.index = county;
    csv(w, "counties.csv", NULL, "name\nAnoka\nCarver\n");
    csv(w, "homes.csv", NULL, "county_of,u\nCarver,1\n\nAnokka,2\n");
    bind(w);
    expect(w, "label that the axis lacks",
           "homes.csv:4: error[data]: `county_of[2]` is `Anokka`, which is not an entry of `county`\n"
           "help: did you mean `Anoka`?\n");

    w = fresh();
    county = add_axis(w, "county", AXIS_from_table);
    w->program.axes.at[county].file = "counties.csv", w->program.axes.at[county].key = "id";
    home = add_axis(w, "home", AXIS_from_data);
    of = add_data(w, "county_of", SUPPORT_index, 1, &home);
    w->program.variables.at[of].type.index = county;
    csv(w, "counties.csv", NULL, "id\n101\n205\n");
    json(w, "{\"county_of\": [205, 101]}");
    m = bind(w);
    CHECK(VALUES(m, of, 2, 1), "numbers as keys");

    w = fresh();
    county = add_axis(w, "county", AXIS_from_table);
    w->program.axes.at[county].file = "counties.csv", w->program.axes.at[county].key = "name";
    csv(w, "counties.csv", NULL, "name\nAnoka\nCarver\nAnoka\n");
    bind(w);
    expect(w, "key that stands twice",
           "counties.csv:4: error[data]: `Anoka` already stands in line 2, but `name` is a key\n"
           "help: a key has one row for each label\n");

    w = fresh();
    county = add_axis(w, "county", AXIS_from_table);
    w->program.axes.at[county].file = "counties.csv";
    bind(w);
    expect(w, "table that was not read",
           "error[data]: the rows of `county` were not read\n"
           "help: put counties.csv beside the model, or give it with --data county=FILE\n");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data);
    axis arm = add_axis(w, "arm", AXIS_labelled);
    w->program.axes.at[arm].labels = (name[]){"control", "drug"}, w->program.axes.at[arm].label_count = 2;
    variable a = add_data(w, "a", SUPPORT_index, 1, &home), b = add_data(w, "b", SUPPORT_index, 1, &home);
    w->program.variables.at[a].type.index = w->program.variables.at[b].type.index = arm;
    csv(w, "t.csv", NULL, "a,b\ndrug,1\ncontrol,2\n");
    m = bind(w);
    CHECK(VALUES(m, a, 2, 1) && VALUES(m, b, 1, 2), "labelled axis takes labels and numbers");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data), county = add_axis(w, "county", AXIS_from_data);
    of = add_data(w, "county_of", SUPPORT_index, 1, &home);
    w->program.variables.at[of].type.index = county;
    add_data(w, "u", SUPPORT_real, 1, &county);
    json(w, "{\"county_of\": [\"A\", \"B\"], \"u\": [1, 2]}");
    bind(w);
    expect(w, "label into an axis without labels",
           "d.json: error[data]: `county_of[1]` is `A`, but `county` has no labels\n"
           "help: give the labels, `axis county = {…}` or `axis county from \"file.csv\" key …`, or write "
           "numbers\n");

    w = fresh();
    home = add_axis(w, "home", AXIS_from_data), county = add_axis(w, "county", AXIS_from_table);
    w->program.axes.at[home].file = NULL;
    w->program.axes.at[county].file = "counties.csv";
    add_data(w, "u", SUPPORT_real, 1, &home);
    csv(w, "counties.csv", NULL, "u\n1\n");
    bind(w);
    expect(w, "column of another axis",
           "error[data]: the column `u` of counties.csv has an entry for each `county`, which `u[home]` does "
           "not vary over\n"
           "help: declare `u[county]`, or give `u` in another file\n");
}

static void test_wide(void) {
    workshop *w = fresh();
    axis rows = add_axis(w, "row", AXIS_from_data), feature = add_axis(w, "feature", AXIS_from_data);
    variable x = add_data(w, "X", SUPPORT_real, 2, (axis[]){rows, feature});
    variable z = add_data(w, "Z", SUPPORT_real, 2, (axis[]){feature, rows});
    csv(w, "t.csv", NULL, "X.age,X.sex,y,Z.sex,Z.age\n1,2,0,20,10\n3,4,0,40,30\n5,6,0,60,50\n");
    model *m = bind(w);
    CHECK(VALUES(m, x, 1, 2, 3, 4, 5, 6), "wide columns");
    CHECK(m && m->axes[feature].size == 2 && m->axes[feature].labels &&
              strcmp(m->axes[feature].labels[1], "sex") == 0,
          "labels from wide columns");
    CHECK(VALUES(m, z, 10, 20, 30, 40, 50, 60), "wide columns are matched by label");

    w = fresh();
    rows = add_axis(w, "row", AXIS_from_data), feature = add_axis(w, "feature", AXIS_from_data);
    x = add_data(w, "X", SUPPORT_real, 2, (axis[]){rows, feature});
    csv(w, "t.csv", "feature", "X.a,X.b\n1,2\n3,4\n5,6\n");
    m = bind(w);
    CHECK(VALUES(m, x, 1, 3, 5, 2, 4, 6) && m->axes[rows].labels, "rows of a table may be the second axis");

    w = fresh();
    rows = add_axis(w, "row", AXIS_from_data), feature = add_axis(w, "feature", AXIS_from_data);
    x = add_data(w, "X", SUPPORT_real, 2, (axis[]){rows, feature});
    csv(w, "t.csv", NULL, "X.1,X.2\n1,2\n3,4\n");
    m = bind(w);
    CHECK(m && !m->axes[feature].labels && VALUES(m, x, 1, 2, 3, 4), "numbered wide columns");

    w = fresh();
    axis year = add_axis(w, "year", AXIS_from_data), species = add_axis(w, "species", AXIS_labelled);
    w->program.axes.at[species].labels = (name[]){"hare", "lynx"},
    w->program.axes.at[species].label_count = 2;
    x = add_data(w, "y", SUPPORT_positive, 2, (axis[]){year, species});
    csv(w, "t.csv", NULL, "lynx,year,hare\n4,1900,30\n6,1901,47.2\n");
    m = bind(w);
    CHECK(VALUES(m, x, 30, 4, 47.2, 6), "columns that bear the labels alone");

    w = fresh();
    year = add_axis(w, "year", AXIS_from_data), species = add_axis(w, "species", AXIS_labelled);
    w->program.axes.at[species].labels = (name[]){"hare", "lynx"},
    w->program.axes.at[species].label_count = 2;
    add_data(w, "y", SUPPORT_positive, 2, (axis[]){year, species});
    csv(w, "t.csv", NULL, "y.lynx,y.hares\n4,1900\n");
    bind(w);
    expect(w, "wide column of no label",
           "t.csv:1: error[data]: the column `y.hares` is for `hares`, which `species` does not have\n"
           "help: did you mean `y.hare`?\n");

    w = fresh();
    year = add_axis(w, "year", AXIS_from_data), species = add_axis(w, "species", AXIS_labelled);
    w->program.axes.at[species].labels = (name[]){"hare", "lynx"},
    w->program.axes.at[species].label_count = 2;
    add_data(w, "y", SUPPORT_positive, 2, (axis[]){year, species});
    csv(w, "t.csv", NULL, "y.lynx\n4\n");
    bind(w);
    expect(w, "label without wide column",
           "t.csv:1: error[data]: there is no column `y.hare` for `y[year, species]`\n"
           "help: each of the 2 labels of `species` needs its column\n");
}

/* The message of one declaration `x[a]` or `x[a, b]` of a type, with data. */
static void refuses(support of, int rank, const char *text, const char *called, const char *want) {
    workshop *w = fresh();
    axis ab[] = {add_axis(w, "a", AXIS_from_data), add_axis(w, "b", AXIS_from_data)};
    variable v = add_data(w, "x", of, rank, ab);
    if (SUPPORTS[of].event) w->program.variables.at[v].type.index = ab[rank - 1];
    if (rank == 1) w->program.axes.count = 1;
    json(w, text);
    model *m = bind(w);
    if (want) expect(w, called, want);
    else check(m != NULL, called, "%s", message(w, 0));
}

static void test_types(void) {
    refuses(SUPPORT_positive, 1, "{\"x\": [1, 0, -1]}", "positive",
            "d.json: error[data]: `x[2]` is 0, but `x` is declared positive (and 1 more)\n"
            "help: positive is greater than 0; correct the data or the declaration\n");
    refuses(SUPPORT_unit, 1, "{\"x\": [1, 0, 1.5]}", "unit",
            "d.json: error[data]: `x[3]` is 1.5, but `x` is declared unit\n"
            "help: unit is from 0 to 1; correct the data or the declaration\n");
    refuses(SUPPORT_count, 2, "{\"x\": [[1, 0], [1, 0.5]]}", "count",
            "d.json: error[data]: `x[2, 2]` is 0.5, but `x` is declared count\n"
            "help: count is 0, 1, 2, …; correct the data or the declaration\n");
    refuses(SUPPORT_binary, 1, "{\"x\": [true, false, 2]}", "binary",
            "d.json: error[data]: `x[3]` is 2, but `x` is declared binary\n"
            "help: binary is 0 or 1; correct the data or the declaration\n");
    refuses(
        SUPPORT_real, 1, "{\"x\": [1, null, \"NaN\"]}", "missing",
        "d.json: error[data]: `x[2]` is missing (and 1 more)\nhelp: give it a value, or leave its row out\n");
    refuses(SUPPORT_real, 1, "{\"x\": [1, \"two\"]}", "text for a number",
            "d.json: error[data]: `x[2]` is `two`, but `x` is declared real\n"
            "help: write numbers, with NA or nothing for what is missing; labels need an axis as the type\n");
    refuses(SUPPORT_simplex, 2, "{\"x\": [[0.5, 0.5], [0.5, 0.4]]}", "simplex",
            "d.json: error[data]: `x[2, 1]` starts entries that should sum to 1, not 0.9\n"
            "help: simplex is not negative, with sum 1 along the last axis; correct the data or the "
            "declaration\n");
    refuses(SUPPORT_ordered, 1, "{\"x\": [1, 2, 2]}", "ordered",
            "d.json: error[data]: `x[3]`, 2, is not greater than the entry before it\n"
            "help: ordered is increasing along the last axis; correct the data or the declaration\n");
    refuses(SUPPORT_unit_vector, 1, "{\"x\": [0.6, 0.6]}", "unit vector",
            "d.json: error[data]: `x[1]` starts a vector that should have length 1, not 0.848528137423857\n"
            "help: unit_vector is with length 1 along the last axis; correct the data or the declaration\n");
    refuses(
        SUPPORT_covariance, 2, "{\"x\": [[1, 2], [2, 1]]}", "covariance",
        "d.json: error[data]: the matrix that starts at `x[1, 1]` is not positive definite\n"
        "help: covariance is a positive definite matrix over an axis and its alias; correct the data or the "
        "declaration\n");
    refuses(SUPPORT_correlation, 2, "{\"x\": [[1, 0.2], [0.3, 1]]}", "correlation",
            "d.json: error[data]: the matrix that starts at `x[1, 1]` is not symmetric\n"
            "help: correlation is a correlation matrix over an axis and its alias; correct the data or the "
            "declaration\n");
    refuses(SUPPORT_simplex, 2, "{\"x\": [[0.5, 0.5], [0.3, 0.7]]}", "good simplex", NULL);
    refuses(SUPPORT_covariance, 2, "{\"x\": [[4, 1], [1, 2]]}", "good covariance", NULL);
    refuses(SUPPORT_cholesky_correlation, 2, "{\"x\": [[1, 0], [0.6, 0.8]]}", "good factor", NULL);
    refuses(SUPPORT_sum_to_zero, 1, "{\"x\": [1e6, -1e6, 0]}", "good sum to zero", NULL);

    workshop *w = fresh();
    axis a = add_axis(w, "a", AXIS_from_data);
    variable v = add_data(w, "x", SUPPORT_interval, 1, &a);
    w->program.variables.at[v].type.lower = add_number(w, -1);
    w->program.variables.at[v].type.upper = add_number(w, 1);
    csv(w, "t.csv", NULL, "x\n-1\n1\n1.25\n");
    bind(w);
    expect(w, "interval",
           "t.csv:4: error[data]: `x[3]` is 1.25, but `x` is declared interval(-1, 1)\n"
           "help: interval(-1, 1) is from -1 to 1; correct the data or the declaration\n");

    w = fresh();
    a = add_axis(w, "a", AXIS_from_data);
    add_data(w, "x", SUPPORT_real, 1, &a);
    csv(w, "t.csv", NULL, "x\n1\ntwo\n3\nfour\n");
    bind(w);
    expect(w, "column with texts",
           "t.csv:3: error[data]: `x[2]` is `two`, but `x` is declared real (and 1 more)\n"
           "help: write numbers, with NA or nothing for what is missing; labels need an axis as the type\n");

    w = fresh();
    a = add_axis(w, "a", AXIS_from_data);
    v = add_data(w, "x", SUPPORT_real, 1, &a);
    w->program.variables.at[v].type.may_be_missing = true;
    csv(w, "t.csv", NULL, "x,y\n1,1\n,1\n");
    bind(w);
    expect(
        w, "missing where it may be",
        "t.csv:3: error[data]: `x[2]` is missing\n"
        "help: let the model draw `x`, whose missing entries are latents then: `x[a] ~ …`; or leave its row "
        "out\n");

    w = fresh();
    a = add_axis(w, "a", AXIS_from_data);
    add_data(w, "x", SUPPORT_real, 1, &a);
    add_data(w, "y", SUPPORT_positive, 1, &a);
    add_data(w, "z", SUPPORT_real, 0, NULL);
    json(w, "{\"x\": [1, null], \"y\": [1, -1]}");
    bind(w);
    CHECK(w->d.errors == 3, "several mistakes in one run");

    w = fresh();
    a = add_axis(w, "a", AXIS_from_data);
    add_data(w, "x", SUPPORT_real, 1, &a);
    bind(w);
    CHECK(w->d.errors == 1, "an axis without size is silent where its data are missing");
}

/* Memory fails at the n-th request, for every n, and all of it is given back. */
static void test_memory(void) {
    static workshop w;
    volatile bool good = true, done = false;
    volatile long n = 0;
    while (!done && n++ < 10000) {
        workshop_open(&w, n);
        if (setjmp(w.escape) == 0) {
            workshop_fill(&w);
            axis rows = add_axis(&w, "row", AXIS_from_data), county = add_axis(&w, "county", AXIS_from_data);
            variable of = add_data(&w, "c", SUPPORT_index, 1, &rows);
            w.program.variables.at[of].type.index = county;
            add_data(&w, "X", SUPPORT_real, 2, (axis[]){county, rows});
            arena_take(&w.arena, 40000); /* so that the small takes below meet a new chunk, too */
            csv(&w, "t.csv", "row", "c,X.a,X.b\nu,1,2\nv,3,4\nu,5,6\n");
            bind(&w);
            done = w.requests < n;
        }
        workshop_close(&w);
        good = good && w.live == 0;
    }
    CHECK(good && done, "memory fails at every request");
}

int main(void) {
    test_sizes();
    test_shapes();
    test_indices();
    test_wide();
    test_types();
    test_memory();
    return check_end();
}
