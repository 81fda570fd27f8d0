#include "bench/parties.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* All read the point where it lies. */
static void evaluate_engine(engine *e, const double *at) {
    if (e->density) machine_bind(e->density->machine, 0, at);
    engine_run(e);
}

static void evaluate_fused(party *p, uint32_t turn) {
    if (p->fused->step) *p->value = p->fused->step(p->fused, p->drawn);
    else p->fused->run(p->fused, p->at[turn % POINTS], p->value, p->gradient);
}

void party_evaluate(party *p, uint32_t turn) {
    if (p->engine) evaluate_engine(p->engine, p->at[turn % POINTS]);
    else if (p->products) p->fused->products(p->fused);
    else evaluate_fused(p, turn);
}

static party *add(field *f, const char *name) {
    party *p = &f->parties[f->count++];
    *p = (party){.name = name, .drawn = &f->drawn};
    memcpy(p->at, f->at, sizeof p->at);
    return p;
}

/* The engine's own start where it has one, else points near 0. */
static void place(field *f) {
    for (uint32_t k = 0; k < POINTS; k++) {
        f->at[k] = arena_take_aligned(f->arena, f->entries * sizeof(double));
        if (f->engine->objective) memcpy(f->at[k], f->engine->at, f->entries * sizeof(double));
        else workload_point(f->workload, k, f->at[k], f->entries);
    }
}

bool field_open(field *f, const workload *w, bool small, uint32_t threads, arena *a) {
    *f = (field){.workload = w, .arena = a, .data = workload_data(w, small, a)};
    f->engine = engine_open(w, &f->data, threads, a);
    if (!f->engine) return false;
    f->single = f->engine->objective && f->engine->objective->climber.kernels->precision == IN_SINGLE;
    f->tolerance = f->single ? 1e-4 : 1e-8;
    f->entries = f->engine->size * w->points;
    place(f);
    add(f, "vm")->engine = f->engine;
    fused *by_hand = w->open(&f->data, w->points, a);
    party *p = add(f, "fused");
    p->fused = by_hand;
    p->value = arena_take_aligned(a, w->points * sizeof(double));
    p->gradient = arena_take_aligned(a, f->entries * sizeof(double));
    if (!by_hand->step) return true;
    by_hand->start(by_hand, f->at[0]);
    p = add(f, "products");
    p->fused = by_hand;
    p->products = true;
    return true;
}

static double apart(const double *x, const double *y, uint64_t n) {
    double difference = 0, largest = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (!(fabs(x[i] - y[i]) <= difference)) difference = fabs(x[i] - y[i]);
        largest = fmax(largest, fabs(y[i]));
    }
    return difference == 0 ? 0 : difference / largest;
}

/* The arrays that only peers need: the points, and what the first step of an objective draws. */
static void add_array(dataset *d, const char *name, double *values, uint32_t rank, uint32_t i, uint32_t j,
                      uint32_t k) {
    assert(d->count < ARRAYS_MOST);
    d->arrays[d->count++] = (array){.name = name, .rank = rank, .dims = {i, j, k}, .values = values};
}

static void keep_first(field *f) {
    uint32_t points = f->workload->points;
    f->first = arena_take_aligned(f->arena, (points + f->entries) * sizeof(double));
    memcpy(f->first, f->engine->value, points * sizeof(double));
    memcpy(f->first + points, engine_gradient(f->engine), f->entries * sizeof(double));
    if (!f->engine->objective) return;
    uint32_t rows = f->engine->objective->batches.size, columns;
    double *visited = arena_take_aligned(f->arena, rows * sizeof(double));
    memcpy(visited, f->drawn.rows, rows * sizeof(double));
    double *noise = engine_noise(f->engine, &columns, f->arena);
    add_array(&f->data, "rows", visited, 1, rows, 0, 0);
    add_array(&f->data, "noise", noise, 2, rows, columns / rows, 0);
}

double field_apart(field *f) {
    double most = 0;
    uint32_t times = f->engine->objective ? 3 : POINTS;
    double *all = arena_take_aligned(f->arena, POINTS * f->entries * sizeof(double));
    for (uint32_t k = 0; k < POINTS; k++) memcpy(all + k * f->entries, f->at[k], f->entries * sizeof(double));
    add_array(&f->data, "points", all, 3, POINTS, f->workload->points, (uint32_t)f->engine->size);
    for (uint32_t k = 0; k < times; k++) {
        party_evaluate(&f->parties[0], k);
        if (f->engine->objective) f->drawn = engine_draws(f->engine);
        if (k == 0) keep_first(f);
        party *p = &f->parties[1];
        party_evaluate(p, k);
        if (p->fused->step) p->fused->gradient(p->fused, p->gradient);
        double value = apart(f->engine->value, p->value, f->workload->points),
               gradient = apart(engine_gradient(f->engine), p->gradient, f->entries);
        if (!(value <= most)) most = value;
        if (!(gradient <= most)) most = gradient;
    }
    return most;
}

double field_join(field *f, peer *p) {
    uint64_t points = f->workload->points, count = points + f->entries;
    double *both = arena_take_aligned(f->arena, count * sizeof *both), seconds;
    if (!peers_write(p->folder, &f->data)) return INFINITY;
    if (!peer_open(p, f->workload, f->single ? "single" : "double") || !peer_check(p, 0, both, count))
        return INFINITY;
    if (!peer_time(p, 1, 0, false, &seconds)) return INFINITY;
    add(f, p->name)->peer = p;
    return fmax(apart(f->first, both, points), apart(f->first + points, both + points, f->entries));
}
