/* vmrun compare: models by the densities of the same observations, each given the others. */
#include <stdio.h>

#include "base/number.h"
#include "runtime/cli/commands.h"
#include "runtime/io/prediction.h"

static bool refuse(session *s, const scored *x, const scored *first, const char *what) {
    diagnostic *said = diagnose_data(&s->diagnostics, x->path, 0, "%s %s", what, first->path);
    advise(&s->diagnostics, said,
           "compare predictions of models of the same data, all fitted to them or none");
    return false;
}

static bool are_alike(session *s, const scored *x, const scored *first) {
    if (x->count != first->count) return refuse(s, x, first, "it has not as many observations as");
    if (strcmp(x->observed, first->observed) != 0)
        return refuse(s, x, first, "its observations have other values than");
    if (x->left_out != first->left_out)
        return refuse(s, x, first, "its data were fitted or were not, unlike those of");
    return true;
}

static void print_table(const scored *all, uint32_t count, const comparison *c) {
    printf("%-24s %10s %8s %10s %8s %8s %8s\n", "model", all->left_out ? "elpd_loo" : "elpd", "se",
           "difference", "se", "weight", "p");
    for (uint32_t k = 0; k < count; k++)
        printf("%-24s %10.2f %8.2f %10.2f %8.2f %8.3f %8.2f%s\n", all[k].path, all[k].total.value,
               all[k].total.error, c->difference[k].value, c->difference[k].error, c->weight[k],
               all[k].complexity, all[k].above ? "  with k-hats that are too high" : "");
    printf("the difference is to the best model; weights are those of the best mixture of predictions "
           "(stacking)\n");
}

static void print_json(const scored *all, uint32_t count, const comparison *c) {
    json_writer w = json_open(stdout);
    json_put_whole(&w, "observations", all->count);
    json_put_list(&w, "models");
    for (uint32_t k = 0; k < count; k++) {
        json_put_row(&w);
        json_put_text(&w, "file", all[k].path);
        json_put_text(&w, "model", all[k].model);
        report_json_measured(&w, "elpd", "se", all[k].total);
        report_json_measured(&w, "difference", "difference_se", c->difference[k]);
        json_put_number(&w, "weight", c->weight[k]);
        json_put_whole(&w, "above", all[k].above);
        json_end_object(&w);
    }
    json_end_list(&w);
    json_close(&w);
}

int command_compare(session *s, const arguments *a) {
    uint32_t count = a->files.count;
    if (count < 2) {
        fprintf(
            stderr,
            "vmrun: name two or more predictions: `vmrun compare a.json b.json`, written by `vmrun predict "
            "a.vm -o a.json`\n");
        return EXIT_WRONG_COMMAND;
    }
    scored *all = arena_array(&s->arena, scored, count);
    const double **elpd = arena_array(&s->arena, const double *, count);
    bool good = true;
    for (uint32_t k = 0; k < count; k++) {
        good &= prediction_read(&s->diagnostics, &s->arena, a->files.at[k], &all[k]);
        if (good && k) good &= are_alike(s, &all[k], &all[0]);
        elpd[k] = all[k].elpd;
    }
    if (!session_tell(s) || !good) return EXIT_WRONG_INPUT;
    comparison c = loo_compare(elpd, count, all->count, &s->arena);
    if (arguments_flag(a, FLAG_json, 0)) print_json(all, count, &c);
    else print_table(all, count, &c);
    return EXIT_GOOD;
}
