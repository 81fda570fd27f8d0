#include "runtime/bind/data.h"

void data_open(data_set *s, arena *a) {
    *s = (data_set){.arena = a};
    push(a, &s->tables, (data_table){0});
}
