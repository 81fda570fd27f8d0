/* Joint families over the unconstrained values u of some latents: arrays of parameters, a draw of u as
 * instructions of a tape, and its exact log density.
 *
 *   mean_field    u = m + s e, e standard normal
 *   full_rank     u = m + L e, L lower with a positive diagonal
 *   low_rank(r)   u = m + s (e + W f) / sqrt(1 + |W|²) by rows, f standard normal with r entries
 *   flow(k)       u = m + s g(c_k(… c_1(e)))
 *
 * The covariance of low_rank is D² + B B' (Ong, Nott and Smith, Journal of Computational and Graphical
 * Statistics 27, 2018), written so that s is the sd of each latent whatever W is. The c of flow are affine
 * couplings (Dinh, Sohl-Dickstein and Bengio, ICLR 2017), which as black-box guides do well (Agrawal, Sheldon
 * and Domke, NeurIPS 2020), and g is the sinh-arcsinh transformation of each margin (Jones and Pewsey,
 * Biometrika 96, 2009), which gives skewness and tails that couplings of bounded scale do not reach. */
#ifndef VM_INFER_FAMILIES_H
#define VM_INFER_FAMILIES_H

#include "autodiff/tape.h"
#include "lang/program.h"

/* In what unit a parameter has to stand still for the fit to end. */
typedef enum tensor_unit {
    UNIT_one,   /* the log of a scale, or what is relative to one */
    UNIT_scale, /* exp of the family's log scale in its row */
    UNIT_none   /* it need not: others do as well, such as a turned factor */
} tensor_unit;

/* One array of parameters, over some of the family's axes. */
typedef struct tensor {
    bool rows, columns, hidden;
    double start, spread; /* it starts at start + spread e, e standard normal */
    tensor_unit unit;
    double pace; /* its steps, as a share of the optimiser's rate */
} tensor;

typedef struct family_layout {
    family_kind kind;
    uint32_t latents, columns, layers; /* columns: of the factor; as many as latents, or the rank */
    vector(tensor) tensors;            /* the first is the location, the second the log scale */
} family_layout;

family_layout family_layout_of(family_kind kind, uint32_t size, uint64_t latents, arena *a);
uint64_t tensor_size(const family_layout *f, const tensor *x);

/* The family's axes on a tape. */
typedef struct family_axes {
    axis rows, columns, columns2, hidden; /* AXIS_NONE where it has none */
} family_axes;
family_axes family_add_axes(const family_layout *f, tape *t);
axes tensor_axes(const tensor *x, const family_axes *on);

typedef struct family_draw {
    ref u;     /* over `draw` and the rows; differentiable in the parameters */
    ref log_q; /* the log density of u, likewise */
    ref path;  /* what has the derivative of log_q along u alone, the parameters being stopped; the value is
                  of no meaning */
} family_draw;
family_draw family_write(const family_layout *f, const family_axes *on, tape *t, const ref *tensors,
                         axis draw);

#endif
