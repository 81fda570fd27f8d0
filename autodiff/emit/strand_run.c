/* The way to the function of a strand: a block is cut into pieces, and of each are written down the length
 * and where what changes with it is found, column by column. */
#include "autodiff/emit/strand.h"

enum { PIECES_ABREAST = 64 };
typedef struct records {
    uint32_t count, words; /* words of a record */
    uint32_t size[PIECES_ABREAST], place[PIECES_ABREAST];
    uint64_t at[PIECES_ABREAST * (1 + PIECE_STREAMS_MOST)];
} records;

/* The next pieces, from entry `from` of the block on; where they end. */
static size_t find_pieces(records *r, piece_cursor *c, size_t from, size_t to) {
    size_t n;
    for (r->count = 0; from < to && r->count < PIECES_ABREAST; from += n, piece_pass(c, n)) {
        n = piece_stretch(c, from, to - from);
        r->size[r->count] = (uint32_t)n;
        r->place[r->count] = c->run ? c->run->place : 0;
        r->at[r->words * r->count++] = n * sizeof(double);
    }
    return from;
}

/* A stream from piece to piece: nearly all walk in two dimensions at most, many stay where they are. */
typedef struct changing {
    const stream *stream;
    const double *base;
    enum { STAYS, WALKS, FOLLOWS_CURSOR } how;
    int64_t inner, back; /* within a run; from its end to the next */
    uint64_t done, run;  /* of a run */
    cursor cursor;
} changing;

static void begin(changing *x, const stream *s, const void *base, uint64_t entry) {
    const walk *w = s->walk;
    int last = w->rank - 1;
    x->stream = s;
    x->base = (const double *)base + w->offset[0];
    x->inner = w->stride[last][0];
    x->run = w->size[last];
    x->how = s->by_run && !last && !x->inner        ? STAYS
             : last < 2 && (s->by_run || !s->index) ? WALKS
                                                    : FOLLOWS_CURSOR;
    if (x->how == FOLLOWS_CURSOR) {
        x->base = base;
        x->cursor = walk_at(w, entry);
    } else if (x->how == WALKS) {
        int64_t outer = last ? w->stride[0][0] : 0, runs = last ? (int64_t)(entry / x->run) : 0;
        x->done = entry - (uint64_t)runs * x->run;
        x->back = outer - (int64_t)x->run * x->inner;
        x->base += runs * outer + (int64_t)x->done * x->inner;
    }
}

static void fill(changing *x, const records *r, uint64_t *to) {
    const stream *s = x->stream;
    int64_t pitch = s->by_run ? s->pitch : 0;
    if (x->how == STAYS)
        for (uint32_t i = 0; i < r->count; i++, to += r->words)
            *to = (uintptr_t)(x->base + r->place[i] * pitch);
    for (uint32_t i = 0; i < r->count && x->how == WALKS; i++, to += r->words) {
        *to = (uintptr_t)(x->base + r->place[i] * pitch);
        x->base += r->size[i] * x->inner;
        x->done += r->size[i];
        if (x->done == x->run) x->base += x->back, x->done = 0;
    }
    for (uint32_t i = 0; i < r->count && x->how == FOLLOWS_CURSOR; i++, to += r->words) {
        int64_t place = s->index && !s->by_run ? s->index[x->cursor.at[1]] * s->pitch : r->place[i] * pitch;
        *to = (uintptr_t)(x->base + x->cursor.at[0] + place);
        cursor_pass(&x->cursor, r->size[i]);
    }
}

void strand_run(const strand *s, const pieces *q, void *const *at, uint64_t start, size_t n) {
    changing streams[PIECE_STREAMS_MOST];
    records r;
    r.words = 1 + s->by_piece;
    piece_cursor piece = pieces_at(q, start);
    for (uint32_t k = 0; k < s->by_piece; k++)
        begin(&streams[k], &s->streams[s->changing[k]], at[s->changing[k]], start);
    for (size_t i = 0, first = 0; i < n; first = i) {
        i = find_pieces(&r, &piece, i, n);
        for (uint32_t k = 0; k < s->by_piece; k++) fill(&streams[k], &r, &r.at[1 + k]);
        s->run(at, r.at, r.count, first * sizeof(double));
    }
}
