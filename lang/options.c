#include "lang/options.h"

#include <math.h>
#include <string.h>

#include "base/names.h"
#include "base/number.h"

const option_row OPTIONS[] = {
#define OPTION(name, kind, initial, example, about) {#name, OPTION_##kind, example, about},
#include "lang/options.def"
#undef OPTION
};

_Static_assert(OPTION_count <= 64, "options.given has one bit for each");

void options_default(options *o) {
    *o = (options) {
#define OPTION(name, kind, initial, example, about) .name = initial,
#include "lang/options.def"
#undef OPTION
    };
}

option_id option_find(const char *key) {
    option_id id = 0;
    while (id < OPTION_count && strcmp(OPTIONS[id].name, key) != 0) id++;
    return id;
}

option_id option_nearest(const char *key) {
    uint32_t best = 3; /* one more than the edits that a slip of the fingers makes */
    option_id nearest = OPTION_count;
    for (option_id id = 0; id < OPTION_count; id++) {
        uint32_t distance = edit_distance(key, OPTIONS[id].name, best - 1);
        if (distance < best) best = distance, nearest = id;
    }
    return nearest;
}

enum { COUNT_MOST = 0x7fffffff }; /* sizes are 32 bits wide */

/* Digits, exact up to 2^64 - 1, or another way to write a whole number that a double holds exactly: 1e5. */
static bool parse_whole(const char *text, uint64_t *value) {
    if (text[0] && text[strspn(text, "0123456789")] == 0) {
        *value = 0;
        for (const char *c = text; *c; c++)
            if (__builtin_mul_overflow(*value, 10, value) ||
                __builtin_add_overflow(*value, (uint64_t)(*c - '0'), value))
                return false;
        return true;
    }
    double real;
    if (!number_parse(text, &real) || !(real >= 0 && real <= 0x1p53) || floor(real) != real) return false;
    *value = (uint64_t)real;
    return true;
}

typedef union option_value {
    uint64_t whole;
    double real;
    choice choice;
    batch batch;
    schedule schedule;
    estimators estimators;
} option_value;

static bool parse_count(const char *text, uint64_t *value) {
    return parse_whole(text, value) && *value >= 1 && *value <= COUNT_MOST;
}

/* A copy without the blanks at both ends. */
static const char *trimmed(const char *from, const char *to, arena *a) {
    while (from < to && strchr(" \t\n", *from)) from++;
    while (to > from && strchr(" \t\n", to[-1])) to--;
    return arena_copy(a, from, (size_t)(to - from));
}

static bool parse_argument(const char *text, char kind, choice *value) {
    uint64_t count;
    if (kind == 'N') return parse_count(text, &count) && (value->count = (uint32_t)count, true);
    return number_parse(text, &value->number) && isfinite(value->number) &&
           (kind == 'R' || value->number > 0);
}

/* `(2, 50)` for `(R, N)`: as many numbers as there are letters, but that an N behind another may be left out.
 */
static bool parse_arguments(const char *text, const char *kinds, arena *a, choice *value) {
    while (*text++ == *kinds++ && *kinds) {
        const char *end = text + strcspn(text, ",)");
        kinds += strspn(kinds, " ");
        if (!*end || !parse_argument(trimmed(text, end, a), *kinds++, value)) return false;
        bool last = *kinds == ')' || (*end == ')' && strncmp(kinds, ", N)", 4) == 0);
        if (last) return end[0] == ')' && end[1] == 0;
        text = end;
    }
    return false;
}

/* One of `words`, which `|` separates: `elbo`, or `iwae(50)` where the list has `iwae(N)`. */
static bool parse_choice(const char *text, const char *words, arena *a, choice *value) {
    size_t length = strcspn(text, "(");
    const char *head = trimmed(text, text + length, a), *arguments = text + length;
    *value = (choice){.text = text};
    for (const char *word = words;; word += strcspn(word, "|") + 1, value->word++) {
        size_t whole = strcspn(word, "|"), size = strcspn(word, "|(");
        if (size == strlen(head) && memcmp(word, head, size) == 0) {
            if (!*arguments) return size == whole || memcmp(word + size, "(X)", 3) == 0;
            return size < whole && parse_arguments(arguments, word + size, a, value);
        }
        if (word[whole] == 0) return false;
    }
}

/* `elbo`, or `elbo, chi(2)`. */
static bool parse_choices(const char *text, const char *words, arena *a, choice *value) {
    int depth = 0;
    const char *end = text;
    for (; *end && (*end != ',' || depth); end++) depth += (*end == '(') - (*end == ')');
    if (!parse_choice(trimmed(text, end, a), words, a, value)) return false;
    choice *next = *end ? arena_new(a, choice) : NULL;
    value->next = next;
    return !next || parse_choice(trimmed(end + 1, end + strlen(end), a), words, a, next);
}

/* `image: 100` */
static bool parse_batch(const char *text, arena *a, batch *value) {
    const char *colon = strchr(text, ':');
    uint64_t size;
    if (!colon || !parse_count(trimmed(colon + 1, colon + strlen(colon), a), &size)) return false;
    *value = (batch){trimmed(text, colon, a), (uint32_t)size};
    return value->axis[0];
}

/* `score`, or `z: score, rest: stl` */
static bool parse_estimators(const char *text, const char *words, arena *a, estimators *value) {
    uint32_t most = 1, count = 0;
    for (const char *c = text; *c; c++) most += *c == ',';
    estimator_choice *at = arena_array(a, estimator_choice, most);
    for (const char *next = text; next; count++) {
        const char *end = next + strcspn(next, ","), *colon = memchr(next, ':', (size_t)(end - next));
        const char *of = colon ? trimmed(next, colon, a) : NULL;
        if (!parse_choice(trimmed(colon ? colon + 1 : next, end, a), words, a, &at[count].how)) return false;
        if (!colon && most > 1) return false;
        at[count].of = of && strcmp(of, "rest") != 0 ? of : NULL;
        for (uint32_t i = 0; i < count; i++)
            if (at[i].of == at[count].of || (of && at[i].of && strcmp(at[i].of, of) == 0)) return false;
        next = *end ? end + 1 : NULL;
    }
    *value = (estimators){at, count};
    return true;
}

/* `0 -> 1 over 1000` */
static bool parse_schedule(const char *text, arena *a, schedule *value) {
    const char *arrow = strstr(text, "->"), *over = arrow ? strstr(arrow, "over") : NULL;
    uint64_t steps;
    if (!over || !number_parse(trimmed(text, arrow, a), &value->from) ||
        !number_parse(trimmed(arrow + 2, over, a), &value->to) ||
        !parse_count(trimmed(over + 4, over + strlen(over), a), &steps))
        return false;
    value->steps = (uint32_t)steps;
    return value->from >= 0 && value->to >= 0 && isfinite(value->from) && isfinite(value->to);
}

/* `text` behind `word`, blanks before it and in it left out; NULL where it does not begin so. */
static const char *behind(const char *text, const char *word) {
    for (; text && *word; word++) {
        text += strspn(text, " \t\n");
        text = *text == *word ? text + 1 : NULL;
    }
    return text;
}

/* `(10 + step)^-0.7` */
static bool parse_power(const char *text, arena *a, schedule *value) {
    const char *open = behind(text, "("), *plus = open ? strrchr(open, '+') : NULL;
    const char *power = behind(plus, "+step)^-");
    *value = (schedule){0};
    return power && number_parse(trimmed(open, plus, a), &value->offset) &&
           number_parse(trimmed(power, power + strlen(power), a), &value->power) && value->offset >= 0 &&
           isfinite(value->offset) && value->power > 0 && value->power <= 1;
}

double schedule_at(schedule s, uint64_t step) {
    if (s.power > 0) return pow(s.offset + (double)step + 1, -s.power);
    double along = s.steps ? fmin(1, (double)step / s.steps) : 0;
    return s.steps ? s.from + (s.to - s.from) * along : 1;
}

static bool parse_value(const option_row *row, const char *text, arena *a, option_value *value) {
    switch (row->kind) {
    case OPTION_COUNT: return parse_count(text, &value->whole);
    case OPTION_SEED: return parse_whole(text, &value->whole) && value->whole <= INT64_MAX; /* JSON's most */
    case OPTION_REAL: return number_parse(text, &value->real) && value->real > 0 && isfinite(value->real);
    case OPTION_SHARE: return number_parse(text, &value->real) && value->real >= 0 && value->real < 1;
    case OPTION_PART: return number_parse(text, &value->real) && value->real >= 0 && value->real <= 1;
    case OPTION_CHOICE: return parse_choice(text, row->example, a, &value->choice);
    case OPTION_CHOICES: return parse_choices(text, row->example, a, &value->choice);
    case OPTION_BATCH: return parse_batch(text, a, &value->batch);
    case OPTION_SCHEDULE: return parse_schedule(text, a, &value->schedule);
    case OPTION_DECAY:
        return parse_schedule(text, a, &value->schedule) || parse_power(text, a, &value->schedule);
    case OPTION_ESTIMATORS: return parse_estimators(text, row->example, a, &value->estimators);
    }
    return false;
}

static const char *const TAKES[] = {
    [OPTION_COUNT] = "a whole number from 1 to 2147483647, such as ",
    [OPTION_SEED] = "a whole number from 0 to 9223372036854775807, such as ",
    [OPTION_REAL] = "a positive number, such as ",
    [OPTION_SHARE] = "a number from 0 to below 1, such as ",
    [OPTION_PART] = "a number from 0 to 1, such as ",
    [OPTION_CHOICE] = "one of ",
    [OPTION_CHOICES] = "one of, or two with a comma between, ",
    [OPTION_BATCH] = "an axis and a number of its entries, such as ",
    [OPTION_ESTIMATORS] = "one word for all latents, or `z: score, rest: auto`, of ",
    [OPTION_SCHEDULE] = "two numbers from 0 and a number of steps, such as ",
    [OPTION_DECAY] = "two numbers from 0 and a number of steps, or a power, such as `(10 + step)^-0.7` or ",
};

/* `; did you mean `iwae(N)`?`, of the words of a choice; nothing where none is near. */
static const char *word_meant(const char *text, const char *words, arena *a) {
    const char *head = trimmed(text, text + strcspn(text, "("), a), *meant = "";
    uint32_t best = strlen(head) < 4 ? 2 : 3; /* one more than the edits that a slip makes */
    for (const char *word = words, *end; *word; word = end + (*end == '|')) {
        end = word + strcspn(word, "|");
        uint32_t distance = edit_distance(head, arena_copy(a, word, strcspn(word, "|(")), best - 1);
        if (distance >= best) continue;
        best = distance;
        meant = arena_print(a, "; did you mean `%.*s`?", (int)(end - word), word);
    }
    return meant;
}

bool option_set(options *o, option_id id, const char *text, arena *a, const char **why) {
    const option_row *row = &OPTIONS[id];
    option_value value = {0};
    text = trimmed(text, text + strlen(text), a);
    if (!parse_value(row, text, a, &value)) {
        bool words = row->kind == OPTION_CHOICE || row->kind == OPTION_CHOICES;
        *why = arena_print(a, "`%s` takes %s%s, not `%s`%s", row->name, TAKES[row->kind], row->example, text,
                           words ? word_meant(text, row->example, a) : "");
        return false;
    }
    switch (id) {
#define FIELD_COUNT      whole
#define FIELD_SEED       whole
#define FIELD_REAL       real
#define FIELD_SHARE      real
#define FIELD_PART       real
#define FIELD_CHOICE     choice
#define FIELD_CHOICES    choice
#define FIELD_BATCH      batch
#define FIELD_SCHEDULE   schedule
#define FIELD_DECAY      schedule
#define FIELD_ESTIMATORS estimators
#define OPTION(name, kind, initial, example, about)                                                          \
    case OPTION_##name:                                                                                      \
        o->name = value.FIELD_##kind;                                                                        \
        break;
#include "lang/options.def"
#undef OPTION
    case OPTION_count: break;
    }
    o->given |= (uint64_t)1 << id;
    return true;
}

option_id options_first_given(const options *o, const option_id *of, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (option_is_given(o, of[i])) return of[i];
    return OPTION_count;
}

void options_merge(options *o, const options *over) {
#define OPTION(name, kind, initial, example, about)                                                          \
    if (option_is_given(over, OPTION_##name)) o->name = over->name;
#include "lang/options.def"
#undef OPTION
    o->given |= over->given;
}

const char *option_example(option_id id, arena *a) {
    const char *example = OPTIONS[id].example;
    option_kind kind = OPTIONS[id].kind;
    bool words = kind == OPTION_CHOICE || kind == OPTION_CHOICES || kind == OPTION_ESTIMATORS;
    return words ? arena_copy(a, example, strcspn(example, "|(")) : example;
}
