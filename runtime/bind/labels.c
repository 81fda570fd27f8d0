#include "runtime/bind/labels.h"

#include <strings.h>

#include "base/names.h"

void labels_open(labels *l, arena *a) { *l = (labels){.arena = a}; }

static uint32_t *slot_of(const labels *l, const char *text) {
    uint32_t mask = l->slot_count - 1, i = (uint32_t)(hash_bytes(text, strlen(text), 0) >> 32) & mask;
    while (l->slots[i] && strcmp(l->list.at[l->slots[i] - 1], text) != 0) i = (i + 1) & mask;
    return &l->slots[i];
}

uint32_t labels_find(const labels *l, const char *text) { return l->slot_count ? *slot_of(l, text) : 0; }

uint32_t labels_add(labels *l, const char *text) {
    if (2 * (l->list.count + 1) > l->slot_count) {
        l->slot_count = l->slot_count ? l->slot_count * 2 : 16;
        l->slots = arena_array(l->arena, uint32_t, l->slot_count);
        for (uint32_t i = 0; i < l->list.count; i++) *slot_of(l, l->list.at[i]) = i + 1;
    }
    uint32_t *slot = slot_of(l, text);
    if (!*slot) {
        push(l->arena, &l->list, text);
        *slot = l->list.count;
    }
    return *slot;
}

uint32_t slip_distance(const char *text, const char *meant) {
    if (strcasecmp(text, meant) == 0) return 0;
    size_t shorter = strlen(text) < strlen(meant) ? strlen(text) : strlen(meant);
    uint32_t limit = shorter < 3 ? 0 : shorter < 6 ? 1 : 2; /* of short words nearly all are near */
    uint32_t distance = edit_distance(text, meant, limit);
    return distance <= limit ? distance : 3;
}

const char *labels_nearest(const labels *l, const char *text) {
    const char *nearest = NULL;
    uint32_t best = 3;
    for (uint32_t i = 0; i < l->list.count && best > 0; i++) {
        uint32_t distance = slip_distance(text, l->list.at[i]);
        if (distance < best) best = distance, nearest = l->list.at[i];
    }
    return nearest;
}
