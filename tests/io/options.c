/* The options' texts: what each kind takes, and what it says to the rest. */
#include "lang/options.h"

#include "tests/bind/workshop.h"

static workshop W;

static void takes(const char *key, const char *text, bool good, const char *want) {
    options o;
    const char *why = "";
    options_default(&o);
    bool got = option_set(&o, option_find(key), text, &W.arena, &why);
    check(got == good && strcmp(why, want) == 0, text, "%s: %s", key, why);
}

int main(void) {
    workshop_open(&W, 0);
    options o, over;
    const char *why = "";
    options_default(&o);
    options_default(&over);
    CHECK(o.seed == 1 && o.tolerance == 0.05 && o.given == 0, "defaults");
    CHECK(option_set(&over, OPTION_family, "full_rank", &W.arena, &why) &&
              over.family.word == FAMILY_full_rank,
          "a word");
    CHECK(option_set(&over, OPTION_seed, "9223372036854775807", &W.arena, &why) && over.seed == INT64_MAX,
          "a seed");
    CHECK(option_set(&over, OPTION_steps, "1e5", &W.arena, &why) && over.steps == 100000,
          "a whole number with an exponent");
    o.draws = 17;
    options_merge(&o, &over);
    CHECK(o.family.word == FAMILY_full_rank && o.steps == 100000 && o.draws == 17 && o.given == over.given,
          "what was given replaces");
    CHECK(option_find("nothing") == OPTION_count && option_nearest("sed") == OPTION_seed &&
              option_nearest("something") == OPTION_count,
          "names");
    takes("seed", "0", true, "");
    takes("draws", "0", false, "`draws` takes a whole number from 1 to 2147483647, such as 4000, not `0`");
    takes("draws", "1.5", false,
          "`draws` takes a whole number from 1 to 2147483647, such as 4000, not `1.5`");
    takes("draws", "2147483648", false,
          "`draws` takes a whole number from 1 to 2147483647, such as 4000, not `2147483648`");
    takes("seed", "-1", false,
          "`seed` takes a whole number from 0 to 9223372036854775807, such as 1, not `-1`");
    takes("seed", "99999999999999999999", false,
          "`seed` takes a whole number from 0 to 9223372036854775807, such as 1, not `99999999999999999999`");
    takes("rate", "inf", false, "`rate` takes a positive number, such as 0.1, not `inf`");
    takes("rate", "0", false, "`rate` takes a positive number, such as 0.1, not `0`");
    takes("family", "full", false,
          "`family` takes one of auto|mean_field|full_rank|low_rank(N)|flow(N), not `full`");
    takes("family", "", false, "`family` takes one of auto|mean_field|full_rank|low_rank(N)|flow(N), not ``");
    workshop_close(&W);
    return check_end();
}
