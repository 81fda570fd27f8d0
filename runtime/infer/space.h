/* The unconstrained space of some variables: one vector that holds the free entries of all of them, and how a
 * point of it becomes values of the variables on a tape.
 *
 * A latent whose prior is a location-scale family of other latents, x ~ D(loc, scale), has a funnel for a
 * posterior where its own data are few. Its coordinate is therefore y = (1 - c) loc + scale^(1 - c) u with y
 * the unconstrained x: c is 1 for the centred form, 0 for the non-centred one, and anything between
 * (Papaspiliopoulos, Roberts and Sköld, Statistical Science 22, 2007; Gorinova, Moore and Hoffman, ICML
 * 2020). c is a number for every entry, an input of the tape, for the caller to choose. */
#ifndef VM_INFER_SPACE_H
#define VM_INFER_SPACE_H

#include "runtime/bind/lower.h"
#include "runtime/infer/gradients.h"

typedef struct space {
    const model *model;
    uint64_t size;
    uint32_t count;
    variable *of;
    uint64_t *offset; /* of the first entry of each; canonical order of transform_axes */
    bool *movable;    /* has a location and a scale, so that its centring can be chosen */
    double *centring; /* by entry: c above; 1 where it is not movable */
} space;

/* All latents of the model or the given variables, in this order. With `centred` none is movable. */
space space_new(const model *m, const variable *of, uint32_t count, bool centred, arena *a);
space space_of_latents(const model *m, bool centred, arena *a);

/* Where climbs begin, size entries: a latent is at the location of its prior, where that is a number and its
 * form centred, and a coordinate that has no such place at 0. */
void space_origin(const space *s, double *x, arena *scratch);

/* A copy in which latents that follow from their own lags are centred, and so each entry by itself: then
 * alone what an entry's coordinate says does not depend on the entries before. `s` where there are none. */
space *space_without_loops(space *s, arena *a);

/* Moves points (count × size) to where the same values of the variables are under other centrings, which
 * become those of the space. */
void space_recentre(space *s, const double *centring, double *points, uint64_t count, arena *scratch);

/* Values for variables that the data do not give. The caller fills `entries` or `statement` of each, then has
 * them set in whatever order their bounds and arguments need. */
typedef struct assignment {
    lowering *lowering;
    ref *entries;               /* by variable: its unconstrained entries, or 0 */
    ref *centring;              /* by variable: its c, or 0 */
    ref *location, *log_scale;  /* by variable, of those that have a c, once they are set */
    const draw **statement;     /* by variable: the guide's statement that draws it, or NULL */
    const gradient_choice *how; /* by variable: what its draw is made for; NULL: none is differentiated */
    axes *kept;                 /* by variable: axes over which its log-Jacobian is not to be summed */
    ref *own_jacobian;          /* by variable with such axes, once it is set */
    bool *seen;                 /* by node */
    ref log_jacobian; /* the sum over the other latents that are set from entries; no axes but `draw` */
} assignment;

assignment assignment_open(lowering *l);
/* Slices u, over `joint` and perhaps `draw`, into the entries of the variables of `s`; takes a slot for the
 * centring of each movable one. */
void assignment_from_space(assignment *a, const space *s, ref u, axis joint);
void assignment_set(assignment *a, variable v);
void assignment_set_all(assignment *a);

/* The slots that assignment_from_space takes, in order. */
struct machine;
void space_bind(const space *s, uint32_t first_slot, struct machine *m);

#endif
