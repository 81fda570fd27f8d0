#include "base/axes.h"

#include <string.h>

bool axes_has(axes s, axis a) {
    for (int i = 0; i < s.count && i < AXES_MOST; i++)
        if (s.at[i] == a) return true;
    return false;
}

bool axes_within(axes part, axes whole) {
    for (int i = 0; i < part.count && i < AXES_MOST; i++)
        if (!axes_has(whole, part.at[i])) return false;
    return true;
}

bool axes_equal(axes a, axes b) { return memcmp(&a, &b, sizeof a) == 0; }

axes axes_one(axis a) { return (axes){1, {a}}; }

axes axes_union(axes a, axes b) {
    axes u = {0};
    for (int i = 0, j = 0; i < a.count || j < b.count;) {
        if (u.count == AXES_MOST) {
            u.count++;
            return u;
        }
        axis x = i < a.count ? a.at[i] : AXIS_NONE, y = j < b.count ? b.at[j] : AXIS_NONE;
        u.at[u.count++] = x < y ? x : y;
        i += x <= y;
        j += y <= x;
    }
    return u;
}

static axes select(axes a, axes b, bool in_b) {
    axes s = {0};
    for (int i = 0; i < a.count; i++)
        if (axes_has(b, a.at[i]) == in_b) s.at[s.count++] = a.at[i];
    return s;
}

axes axes_minus(axes a, axes b) { return select(a, b, false); }
axes axes_common(axes a, axes b) { return select(a, b, true); }
axes axes_with(axes s, axis a) { return axes_union(s, axes_one(a)); }
axes axes_without(axes s, axis a) { return axes_minus(s, axes_one(a)); }
