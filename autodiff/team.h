/* Threads that work together on one piece of work after the other.
 *
 * A piece of work is cut into parts by its caller, always in the same way, and parts write to places of their
 * own: so which thread does which part, and how many threads there are, changes no bit of the result.
 *
 * Threads that wait spin for a moment, since the next piece mostly follows at once (a fork then costs half a
 * microsecond), and then sleep until somebody rouses them. A piece is never held up by a thread that comes
 * late: the caller does what is left, and waits for those that have begun a part, no others; and a thread
 * that wakes on the caller's core goes to another. So a machine whose other cores are busy is about as fast
 * as with one thread.
 *
 * A team belongs to one caller at a time, who is thread 0 of it. Its threads take no signals. In a process
 * that was forked off they do not exist, and the caller does everything. */
#ifndef VM_AUTODIFF_TEAM_H
#define VM_AUTODIFF_TEAM_H

#include <stdbool.h>

#include "base/arena.h"

typedef struct team team;

/* Does part `part`; `thread`, below team_threads(), tells whose working memory it may use. */
typedef void team_work(void *context, uint32_t thread, uint32_t part);

/* The cores that this process may run on. */
uint32_t team_cores(void);

/* A team of `threads`, the caller among them; 0 stands for team_cores(). Nothing is started before
 * team_start. It is closed with its arena, if not before. */
team *team_open(arena *a, uint64_t threads);
/* Starts the threads, where that has not been done, for sequences that are so long; where the system refuses
 * there are fewer of them. */
void team_start(team *t, double nanoseconds);
void team_close(team *t);

/* The most threads that a part may run on; 1 for NULL, a team of the caller alone. */
uint32_t team_threads(const team *t);

/* Whether a piece that takes so long on one thread is worth a fork. */
bool team_pays(double nanoseconds);
/* Before a sequence of such pieces that follow each other closely, in all this long: rouses those who sleep.
 */
void team_rouse(team *t, double nanoseconds);

/* Does parts 0 … parts - 1; all are done when it returns. By the caller alone where the time, of one thread,
 * is too short for a fork. */
void team_run(team *t, double nanoseconds, uint32_t parts, team_work *work, void *context);

#endif
