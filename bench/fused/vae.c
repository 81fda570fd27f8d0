/* In the precision of its program, float: compiled with SINGLE. The ELBO of a variational autoencoder by one
 * draw z = m + s eps for each image of a batch, with the KL divergence of its normals in closed form, and a
 * step of Adam (Kingma and Ba 2015). Nine tenths of the time are products of matrices; what lies between them
 * is one pass over each layer. */
#include <cblas.h>

#include "bench/fused/fused.h"
#include "bench/fused/vectors.h"

enum { BATCH = 100, LATENT = 20, HIDDEN = 400 };

/* Weights as the program's axes have them, with the wider layer first, and biases. */
typedef struct layer {
    const element *w, *b;
    element *to_w, *to_b; /* derivatives */
} layer;

typedef struct vae {
    fused base;
    uint32_t images, pixels;
    element *data;
    const kernels *kernels;
    uint64_t size, steps;
    layer encode, locate, spread, decode, paint;
    element *at, *slope;                                /* the parameters and their derivatives */
    element *x, *h, *mean, *raw, *eps, *z, *g, *logits; /* batch × … */
    element *by_h, *by_mean, *by_raw, *by_z, *by_g, *momentum, *square; /* the last two are Adam's */
    element *spare;                                                     /* twice `size` */
} vae;

/* c (rows × columns) = a b, either of which may be stored transposed. */
static void multiply(element *c, const element *a, bool a_transposed, const element *b, bool b_transposed,
                     uint32_t rows, uint32_t columns, uint32_t inner, element keep) {
    BY_PRECISION(cblas_dgemm, cblas_sgemm)
    (CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans,
     (int)rows, (int)columns, (int)inner, 1, a, (int)(a_transposed ? rows : inner), b,
     (int)(b_transposed ? inner : columns), keep, c, (int)columns);
}

/* Each row of c becomes b. */
static void start_with(element *c, const element *b, uint32_t rows, uint32_t columns) {
    for (uint32_t i = 0; i < rows; i++) memcpy(c + (size_t)i * columns, b, columns * sizeof *b);
}

static void sum_rows(element *to, const element *x, uint32_t rows, uint32_t columns) {
    memset(to, 0, columns * sizeof *to);
    for (uint32_t i = 0; i < rows; i++)
        for (uint32_t j = 0; j < columns; j++) to[j] += x[(size_t)i * columns + j];
}

static void rectify(element *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = x[i] > 0 ? x[i] : 0;
}

static void pull_rectified(element *by, const element *x, size_t n) {
    for (size_t i = 0; i < n; i++) by[i] = x[i] > 0 ? by[i] : 0;
}

/* The flat vector is all weights and biases, layer by layer: those of the model, then those of the guide. */
static void lay_out(vae *f, const element *at, element *gradient) {
    const struct {
        layer *of;
        uint64_t weights, biases;
    } LAYERS[] = {{&f->decode, LATENT * HIDDEN, HIDDEN},
                  {&f->paint, (uint64_t)f->pixels * HIDDEN, f->pixels},
                  {&f->encode, (uint64_t)f->pixels * HIDDEN, HIDDEN},
                  {&f->locate, LATENT * HIDDEN, LATENT},
                  {&f->spread, LATENT * HIDDEN, LATENT}};
    for (int i = 0; i < 5; i++) {
        *LAYERS[i].of = (layer){at, at + LAYERS[i].weights, gradient, gradient + LAYERS[i].weights};
        at += LAYERS[i].weights + LAYERS[i].biases;
        gradient += LAYERS[i].weights + LAYERS[i].biases;
    }
}

static void forward(vae *f) {
    start_with(f->h, f->encode.b, BATCH, HIDDEN);
    multiply(f->h, f->x, false, f->encode.w, false, BATCH, HIDDEN, f->pixels, 1);
    rectify(f->h, BATCH * HIDDEN);
    start_with(f->mean, f->locate.b, BATCH, LATENT);
    multiply(f->mean, f->h, false, f->locate.w, true, BATCH, LATENT, HIDDEN, 1);
    start_with(f->raw, f->spread.b, BATCH, LATENT);
    multiply(f->raw, f->h, false, f->spread.w, true, BATCH, LATENT, HIDDEN, 1);
}

/* Draws z, and returns the sum of the divergences. by_raw becomes d s / d raw, and by_z the divergence's d /
 * d s. */
static double draw(vae *f) {
    real total = all(0);
    for (size_t i = 0; i < BATCH * LATENT; i += LANES) {
        real m = load(f->mean + i), raw = load(f->raw + i), e = SLEEF(exp)(-absolute(raw));
        real s = pick(raw > 0, raw, all(0)) + LIBMVEC(log1p)(e), slope = pick(raw < 0, e, all(1)) / (1 + e);
        total += 0.5 * (s * s + m * m - 1) - SLEEF(log)(s);
        store(f->z + i, m + s * load(f->eps + i));
        store(f->by_raw + i, slope);
        store(f->by_z + i, s - 1 / s);
    }
    return across(total);
}

/* log p(x | z), from the logits, which become its derivative. */
static double pixels(vae *f) {
    real total = all(0);
    double rest = 0;
    size_t i = 0, n = (size_t)BATCH * f->pixels;
    for (; i + LANES <= n; i += LANES) {
        real l = load(f->logits + i), x = load(f->x + i), e = SLEEF(exp)(-absolute(l));
        total += x * l - pick(l > 0, l, all(0)) - LIBMVEC(log1p)(e);
        store(f->logits + i, x - pick(l < 0, e, all(1)) / (1 + e));
    }
    for (; i < n; i++) {
        double l = f->logits[i], e = exp(-fabs(l));
        rest += f->x[i] * l - (l > 0 ? l : 0) - log1p(e);
        f->logits[i] = f->x[i] - (l < 0 ? e : 1) / (1 + e);
    }
    return across(total) + rest;
}

static void decode(vae *f) {
    start_with(f->g, f->decode.b, BATCH, HIDDEN);
    multiply(f->g, f->z, false, f->decode.w, false, BATCH, HIDDEN, LATENT, 1);
    rectify(f->g, BATCH * HIDDEN);
    start_with(f->logits, f->paint.b, BATCH, f->pixels);
    multiply(f->logits, f->g, false, f->paint.w, true, BATCH, f->pixels, HIDDEN, 1);
}

/* From d / d z to the derivatives by mean and raw, the divergence's with them. */
static void pull_draw(vae *f, const element *divergence) {
    for (size_t i = 0; i < BATCH * LATENT; i += LANES) {
        real by_z = load(f->by_mean + i);
        store(f->by_mean + i, by_z - load(f->mean + i));
        store(f->by_raw + i, load(f->by_raw + i) * (by_z * load(f->eps + i) - load(divergence + i)));
    }
}

static void backward(vae *f) {
    multiply(f->paint.to_w, f->logits, true, f->g, false, f->pixels, HIDDEN, BATCH, 0);
    sum_rows(f->paint.to_b, f->logits, BATCH, f->pixels);
    multiply(f->by_g, f->logits, false, f->paint.w, false, BATCH, HIDDEN, f->pixels, 0);
    pull_rectified(f->by_g, f->g, BATCH * HIDDEN);
    multiply(f->decode.to_w, f->z, true, f->by_g, false, LATENT, HIDDEN, BATCH, 0);
    sum_rows(f->decode.to_b, f->by_g, BATCH, HIDDEN);
    multiply(f->by_mean, f->by_g, false, f->decode.w, true, BATCH, LATENT, HIDDEN, 0);
    pull_draw(f, f->by_z);
    multiply(f->locate.to_w, f->by_mean, true, f->h, false, LATENT, HIDDEN, BATCH, 0);
    sum_rows(f->locate.to_b, f->by_mean, BATCH, LATENT);
    multiply(f->spread.to_w, f->by_raw, true, f->h, false, LATENT, HIDDEN, BATCH, 0);
    sum_rows(f->spread.to_b, f->by_raw, BATCH, LATENT);
    multiply(f->by_h, f->by_mean, false, f->locate.w, false, BATCH, HIDDEN, LATENT, 0);
    multiply(f->by_h, f->by_raw, false, f->spread.w, false, BATCH, HIDDEN, LATENT, 1);
    pull_rectified(f->by_h, f->h, BATCH * HIDDEN);
    multiply(f->encode.to_w, f->x, true, f->by_h, false, f->pixels, HIDDEN, BATCH, 0);
    sum_rows(f->encode.to_b, f->by_h, BATCH, HIDDEN);
}

/* The step, by the gradient of all images from that of the batch. */
static void adam_ascend(vae *f, element scale) {
    const element keep_mean = 0.9, keep_square = 0.99, tiny = 1e-8;
    f->steps++;
    const element to_mean = (element)(1e-3 / (1 - pow(0.9, (double)f->steps))),
                  to_square = (element)(1 / (1 - pow(0.99, (double)f->steps)));
    element *at = f->at, *slope = f->slope, *mean = f->momentum, *square = f->square;
    for (uint64_t i = 0; i < f->size; i++) {
        element g = slope[i] * scale, m = keep_mean * mean[i] + (1 - keep_mean) * g;
        element s = keep_square * square[i] + (1 - keep_square) * g * g;
        slope[i] = g;
        mean[i] = m;
        square[i] = s;
        at[i] += to_mean * m / (BY_PRECISION(sqrt, sqrtf)(to_square * s) + tiny);
    }
}

static double step(fused *base, const draws *drawn) {
    vae *f = (vae *)base;
    double scale = (double)f->images / BATCH;
    for (uint32_t i = 0; i < BATCH; i++)
        memcpy(f->x + (size_t)i * f->pixels, f->data + ((size_t)drawn->rows[i] - 1) * f->pixels,
               f->pixels * sizeof *f->x);
    f->kernels->normal(f->eps, drawn->noise, 0, BATCH * LATENT);
    forward(f);
    double divergence = draw(f);
    decode(f);
    double value = scale * (pixels(f) - divergence);
    backward(f);
    adam_ascend(f, (element)scale);
    return value;
}

static void start(fused *base, const double *at) {
    vae *f = (vae *)base;
    for (uint64_t i = 0; i < f->size; i++) f->at[i] = (element)at[i];
    lay_out(f, f->at, f->slope);
}

static void gradient(fused *base, double *to) {
    vae *f = (vae *)base;
    for (uint64_t i = 0; i < f->size; i++) to[i] = f->slope[i];
}

/* Over weights of their own. */
static void products(fused *base) {
    vae f = *(vae *)base;
    lay_out(&f, f.spare, f.spare + f.size);
    multiply(f.h, f.x, false, f.encode.w, false, BATCH, HIDDEN, f.pixels, 0);
    multiply(f.mean, f.h, false, f.locate.w, true, BATCH, LATENT, HIDDEN, 0);
    multiply(f.raw, f.h, false, f.spread.w, true, BATCH, LATENT, HIDDEN, 0);
    multiply(f.g, f.z, false, f.decode.w, false, BATCH, HIDDEN, LATENT, 0);
    multiply(f.logits, f.g, false, f.paint.w, true, BATCH, f.pixels, HIDDEN, 0);
    multiply(f.paint.to_w, f.logits, true, f.g, false, f.pixels, HIDDEN, BATCH, 0);
    multiply(f.by_g, f.logits, false, f.paint.w, false, BATCH, HIDDEN, f.pixels, 0);
    multiply(f.decode.to_w, f.z, true, f.by_g, false, LATENT, HIDDEN, BATCH, 0);
    multiply(f.by_mean, f.by_g, false, f.decode.w, true, BATCH, LATENT, HIDDEN, 0);
    multiply(f.locate.to_w, f.by_mean, true, f.h, false, LATENT, HIDDEN, BATCH, 0);
    multiply(f.spread.to_w, f.by_raw, true, f.h, false, LATENT, HIDDEN, BATCH, 0);
    multiply(f.by_h, f.by_mean, false, f.locate.w, false, BATCH, HIDDEN, LATENT, 0);
    multiply(f.by_h, f.by_raw, false, f.spread.w, false, BATCH, HIDDEN, LATENT, 1);
    multiply(f.encode.to_w, f.x, true, f.by_h, false, f.pixels, HIDDEN, BATCH, 0);
}

static element *batch_of(uint32_t width, arena *a) {
    return arena_take_aligned(a, sizeof(element) * BATCH * width);
}

fused *vae_open(const dataset *d, uint32_t points, arena *a) {
    (void)points;
    vae *f = arena_new(a, vae);
    const array *x = dataset_find(d, "x");
    uint32_t p = x->dims[1];
    *f = (vae){
        .images = x->dims[0], .pixels = p, .kernels = kernels_choose(BY_PRECISION(IN_DOUBLE, IN_SINGLE))};
    f->base = (fused){.start = start, .step = step, .gradient = gradient, .products = products};
    f->data = arena_take_aligned(a, sizeof(element) * f->images * p);
    for (size_t i = 0; i < (size_t)f->images * p; i++) f->data[i] = (element)x->values[i];
    f->size = 2 * (uint64_t)p * HIDDEN + p + 3 * LATENT * HIDDEN + 2 * LATENT + 2 * HIDDEN;
    f->x = batch_of(p, a), f->logits = batch_of(p, a);
    f->h = batch_of(HIDDEN, a), f->g = batch_of(HIDDEN, a), f->by_h = batch_of(HIDDEN, a),
    f->by_g = batch_of(HIDDEN, a);
    f->mean = batch_of(LATENT, a), f->raw = batch_of(LATENT, a), f->eps = batch_of(LATENT, a),
    f->z = batch_of(LATENT, a);
    f->by_mean = batch_of(LATENT, a), f->by_raw = batch_of(LATENT, a), f->by_z = batch_of(LATENT, a);
    f->momentum = arena_take_aligned(a, f->size * sizeof(element));
    f->square = arena_take_aligned(a, f->size * sizeof(element));
    f->at = arena_take_aligned(a, f->size * sizeof(element));
    f->slope = arena_take_aligned(a, f->size * sizeof(element));
    f->spare = arena_take_aligned(a, 2 * f->size * sizeof(element));
    return &f->base;
}
