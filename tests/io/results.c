/* Results: printed, written, read back. */
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/io/file.h"
#include "runtime/io/stan_csv.h"
#include "runtime/io/summary_file.h"
#include "tests/bind/workshop.h"

static workshop W;

/* A fit of `mu` and `a[arm, k]`, arm = {control, "dr\"ug"}, k = 2, with draws 1 … 5 scaled. */
static fit *made_fit(void) {
    if (W.arena.chunks) workshop_close(&W);
    workshop_open(&W, 0);
    workshop_fill(&W);
    axis arm = add_axis(&W, "arm", AXIS_labelled), k = add_axis(&W, "k", AXIS_fixed);
    static name labels[] = {"control", "dr\"ug"};
    W.program.axes.at[arm].labels = labels, W.program.axes.at[arm].label_count = 2;
    W.program.axes.at[k].size = add_number(&W, 2);
    variable mu = add_data(&W, "mu", SUPPORT_real, 0, NULL),
             a = add_data(&W, "a", SUPPORT_real, 2, (axis[]){k, arm});
    W.program.variables.at[mu].kind = W.program.variables.at[a].kind = VARIABLE_latent;
    fit *f = arena_new(&W.arena, fit);
    f->model = bind(&W);
    f->arena = &W.arena;
    f->verdict = VERDICT_good;
    push(&W.arena, &f->reasons, (reason){"khat", 0.31, "the weights\nare good"});
    f->seed = 7, f->steps = 1800, f->gradients = 9000, f->seconds = 0.25;
    f->elbo = (measured){-1072.4, 0.2}, f->reconstruction = (measured){-1000, 0.3};
    f->kl = (measured){72.4, 0.1}, f->log_evidence = (measured){-1071.9, 0.1};
    f->jackknife = (measured){-1071.8, 0.2};
    f->energy = (measured){-1080, 0.4}, f->entropy = (measured){7.6, 0.5};
    f->upper = (measured){-1070.5, 0.3};
    f->bracket = (two_bounds){true, "iwae(5)", "chi(2)", {-1072, 0.2}, {-1070, 0.4}, 0.125, 500, true};
    f->khat = INFINITY, f->ess = 3999, f->corrected = true;
    f->draw_count = 5;
    f->draws = arena_array(&W.arena, double, 25);
    for (int i = 0; i < 25; i++) f->draws[i] = (i / 5 + 1) * (i % 5 + 1) / 3.0;
    for (int i = 0; i < 5; i++) {
        double scale = (i + 1) / 3.0;
        summary s = {i ? a : mu,
                     i ? (uint64_t)i - 1 : 0,
                     3 * scale,
                     sqrt(2.5) * scale,
                     sqrt(2.5 / 5) * scale,
                     1.2 * scale,
                     3 * scale,
                     4.8 * scale,
                     f->draws + i,
                     5,
                     i ? i / 8.0 : (double)NAN,
                     i ? 3000 - i : (double)NAN};
        push(&W.arena, &f->summaries, s);
    }
    return f;
}

static char *printed(void (*print)(const report *, FILE *), const report *r) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    print(r, to);
    fclose(to);
    return text;
}

static void test_json(const char *path) {
    fit *f = made_fit();
    report r = report_of_fit(f, &W.arena), again;
    char *text = printed(report_json, &r), *table = printed(report_table, &r);
    CHECK(strstr(text,
                 "{\"model\": \"made\", \"verdict\": \"good\", \"reasons\": [{\"code\": \"khat\", "
                 "\"value\": 0.31, "
                 "\"text\": \"the weights\\nare good\"}], \"seconds\": 0.25, \"seed\": 7, "
                 "\"elbo\": {\"value\": -1072.4, \"mcse\": 0.2, \"reconstruction\": -1000, "
                 "\"reconstruction_mcse\": 0.3, "
                 "\"kl\": 72.4, \"kl_mcse\": 0.1, \"energy\": -1080, \"energy_mcse\": 0.4, \"entropy\": 7.6, "
                 "\"entropy_mcse\": 0.5}, "
                 "\"log_evidence\": {\"value\": -1071.9, \"mcse\": 0.1, \"jackknife\": -1071.8, "
                 "\"jackknife_mcse\": 0.2, \"gap\": 0.5, \"gap_mcse\": 0.2236") == text,
          "json head");
    CHECK(strstr(text, ", \"upper\": -1070.5, \"upper_mcse\": 0.3, \"khat\": null, ") != NULL,
          "json upper bound");
    CHECK(strstr(text,
                 "\"bracket\": {\"below\": \"iwae(5)\", \"lower\": -1072, \"lower_mcse\": 0.2, \"above\": "
                 "\"chi(2)\", \"upper\": -1070, \"upper_mcse\": 0.4, \"khat\": 0.125, \"steps\": 500, "
                 "\"converged\": true}") != NULL,
          "json bracket");
    CHECK(strstr(table,
                 "\nthe evidence lies between iwae(5), -1072 ± 0.2, and chi(2), -1070 ± 0.4, which is 2 "
                 "above; ") != NULL,
          "table of the bracket");
    CHECK(strstr(text, "{\"name\": \"mu\", \"axes\": [], \"at\": [], \"mean\": 1, \"sd\": ") != NULL,
          "json scalar");
    CHECK(strstr(text,
                 "{\"name\": \"a\", \"axes\": [\"k\", \"arm\"], \"at\": [2, 1], \"label\": [2, \"control\"], "
                 "\"mean\": 4, ") != NULL,
          "json entry in the declared order");
    CHECK(strstr(text, ", \"ess\": 2999, \"khat\": 0.125}") != NULL, "json weights of a latent");
    CHECK(strstr(table, "\nweights of a: 2996 particles count at least (a[2, dr\"ug]), "
                        "k-hat 0.50 at most (a[2, dr\"ug])\n") != NULL,
          "table of weights");
    file_writer w;
    CHECK(file_begin(&W.d, &W.arena, &w, path) && access(path, F_OK) != 0, "nothing is there before the end");
    report_json(&r, w.stream);
    CHECK(file_commit(&W.d, &w) && access(path, F_OK) == 0, "the file appears whole");
    CHECK(summary_read(&W.d, &W.arena, path, &again), "the result is read");
    char *text_again = printed(report_json, &again), *table_again = printed(report_table, &again);
    CHECK(strcmp(text, text_again) == 0, "json round trip");
    check(strcmp(table, table_again) == 0, "table round trip", "%s\n%s", table, table_again);
    CHECK(strncmp(table, "made: good (", 12) == 0 && strstr(table, "a[2, dr\"ug]") != NULL, "table");
    free(text), free(table), free(text_again), free(table_again);
    unlink(path);
}

static void test_draws(const char *path) {
    fit *f = made_fit();
    file_writer w;
    report r;
    CHECK(file_begin(&W.d, &W.arena, &w, path), "draws are begun");
    stan_csv_write(f, "0.1.0", w.stream);
    CHECK(file_commit(&W.d, &w), "draws are written");
    size_t length;
    const char *text = file_read(&W.d, &W.arena, path, &length);
    CHECK(text &&
              strstr(text, "# vm 0.1.0\n# model = models/made.vm\n# seed = 7\n# verdict = good\n") == text,
          "draws comments");
    CHECK(text && strstr(text, "\nmu,a.1.1,a.2.1,a.1.2,a.2.2\n0.333333333333333") != NULL,
          "first index runs fastest");
    CHECK(summary_read(&W.d, &W.arena, path, &r) && r.rows.count == 5 && r.verdict == VERDICT_good &&
              r.draws == 5 && r.seed == 7,
          "draws are read");
    bool good = r.rows.count == 5;
    for (uint32_t i = 0; i < 5 && good; i++) {
        const summary *s = &f->summaries.at[i];
        const report_row *row = &r.rows.at[i];
        /* Five draws: sums and quantiles are off by a few roundings only. */
        good = fabs(row->mean - s->mean) < 1e-14 && fabs(row->sd - s->sd) < 1e-14 &&
               fabs(row->mcse - s->mcse) < 1e-14 && fabs(row->q05 - s->q05) < 1e-14 &&
               fabs(row->q50 - s->q50) < 1e-14 && fabs(row->q95 - s->q95) < 1e-14;
        good = good && row->place.rank == (i ? 2 : 0) &&
               (i == 0 || (row->place.at[0] == (i + 1) / 2 && row->place.at[1] == 2 - i % 2));
    }
    CHECK(good, "draws are summarised");
    unlink(path);
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    if (!f) return;
    fputs(text, f);
    fclose(f);
}

static void test_foreign(const char *json, const char *csv) {
    report r;
    made_fit();
    write_file(csv, "# Stan\nlp__,x.1\n-1,2\n# Adaptation terminated\n-3,4\n");
    CHECK(summary_read(&W.d, &W.arena, csv, &r) && r.rows.count == 1 && r.rows.at[0].mean == 3,
          "draws of Stan");
    CHECK(r.verdict == VERDICT_doubtful && r.reasons.count == 1 &&
              strcmp(r.reasons.at[0].code, "no_verdict") == 0,
          "draws without a verdict");
    write_file(csv, "x\n1\n# a\noops\n");
    CHECK(!summary_read(&W.d, &W.arena, csv, &r), "draws with a text are refused");
    const char *want = arena_print(&W.arena,
                                   "%s:4: error[data]: `x` has no number here\n"
                                   "help: a file of draws has a number in every cell\n",
                                   csv);
    expect(&W, "draws with a text", want);
    made_fit();
    write_file(json, "{\"model\": \"x\", \"verdict\": \"fine\"}");
    CHECK(!summary_read(&W.d, &W.arena, json, &r), "foreign JSON is refused");
    want = arena_print(&W.arena,
                       "%s: error[data]: this is no result of a fit: `verdict` is missing or wrong\n"
                       "help: give the file that `vmrun fit MODEL -o FIT.json` wrote\n",
                       json);
    expect(&W, "foreign JSON", want);
    unlink(json), unlink(csv);
}

static void test_writer(const char *folder, const char *path) {
    made_fit();
    file_writer w;
    write_file(path, "before");
    CHECK(file_begin(&W.d, &W.arena, &w, path), "a file is begun");
    fputs("half", w.stream);
    file_abort(&w);
    file_abort(&w);
    size_t length;
    CHECK(strcmp(file_read(&W.d, &W.arena, path, &length), "before") == 0, "an abandoned file is as it was");
    const char *link_path = arena_print(&W.arena, "%s/link", folder);
    CHECK(symlink(path, link_path) == 0 && file_begin(&W.d, &W.arena, &w, link_path), "a link is begun");
    fputs("after", w.stream);
    struct stat about;
    CHECK(file_commit(&W.d, &w) && lstat(link_path, &about) == 0 && S_ISLNK(about.st_mode),
          "a link stays a link");
    CHECK(strcmp(file_read(&W.d, &W.arena, path, &length), "after") == 0, "a file is replaced");
    unlink(link_path), unlink(path);
    CHECK(W.d.errors == 0, "no messages yet");

    CHECK(file_begin(&W.d, &W.arena, &w, "/dev/full"), "a device is written directly");
    for (int i = 0; i < 10000; i++) fputs("0123456789", w.stream);
    CHECK(!file_commit(&W.d, &w), "a full disk is found");
    expect(&W, "full disk while writing",
           "/dev/full: error[data]: the file cannot be written: No space left on device\n"
           "help: make room, or write to another disk\n");
    made_fit();
    CHECK(file_begin(&W.d, &W.arena, &w, "/dev/full") && fputs("few", w.stream) >= 0 &&
              !file_commit(&W.d, &w),
          "a full disk is found at the end");
    expect(&W, "full disk at the end",
           "/dev/full: error[data]: the file cannot be written: No space left on device\n"
           "help: make room, or write to another disk\n");
    made_fit();
    CHECK(!file_begin(&W.d, &W.arena, &w, "/no/such/folder/fit.json"), "a folder that is not there");
    expect(&W, "no folder",
           "/no/such/folder/fit.json: error[data]: the file cannot be written: No such file or directory\n"
           "help: make its folder first\n");
    made_fit();
    CHECK(!file_begin(&W.d, &W.arena, &w, folder) && W.d.errors == 1, "a folder is no file");
}

static void test_long_table(void) {
    made_fit();
    report r = {.model = "m", .elbo = {NAN, NAN}, .kl = {NAN, NAN}, .log_evidence = {NAN, NAN}, .khat = NAN};
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t *at = arena_array(&W.arena, uint32_t, 1);
        *at = i + 1;
        push(&W.arena, &r.rows, (report_row){.place = {.name = "b", .rank = 1, .at = at}});
    }
    char *table = printed(report_table, &r);
    CHECK(strstr(table, "b[12]") && !strstr(table, "b[13]") &&
              strstr(table, "… 88 more of `b`; --json prints all\n"),
          "long vectors are cut");
    free(table);
}

int main(void) {
    char folder[] = "/tmp/vm_test_XXXXXX", json[64], csv[64];
    if (!CHECK(mkdtemp(folder) != NULL, "a folder for files")) return check_end();
    snprintf(json, sizeof json, "%s/fit.json", folder);
    snprintf(csv, sizeof csv, "%s/draws.csv", folder);
    test_json(json);
    test_draws(csv);
    test_foreign(json, csv);
    test_writer(folder, json);
    test_long_table();
    CHECK(rmdir(folder) == 0, "no file is left behind");
    return check_end();
}
