#include "autodiff/team.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* In nanoseconds. A fork of spinning threads costs 500 to 1,000, rousing a sleeping one 5,000 of the caller's
 * time and 30,000 until it runs, and then its cache is empty; each must be a small part of what it saves. In
 * a sequence threads may fall asleep between any two pieces. */
static const double FORK_PAYS = 4000, ROUSING_PAYS = 40000, SEQUENCE_PAYS = 100000;

/* Who waits spins for so long, since what follows mostly follows soon: about as long as the threads of
 * OpenBLAS do, and the threads are there for the next step of a fit that did something on one thread in
 * between; briefly where the cores have other work. */
static const int64_t SPIN = 20000000, SPIN_BRIEFLY = 50000;

/* Where the cores have other work, a thread loses its core in the middle of a part and holds up all others.
 * What others have done, in the caller's time, less what he has waited for it, is kept in an account of at
 * most so much; when that is used up he goes alone for a while: at first some times as long as he has waited,
 * then twice as long each time that it happens again, and half as long when it has not. So a core that is
 * gone now and then, as virtual ones are, costs no more than it costs; and one that is mostly gone costs the
 * account once. */
static const int64_t SAVINGS_MOST = 5000000, REST_LEAST = 100000, REST_MOST = 500000000;
enum { REST_TIMES = 20 };

enum { CACHE_LINE = 64, THREADS_MOST = 256, STACK = 1 << 20, PAUSES = 64 };

/* The parts that a thread begins with: neighbours, piece after piece, so that their data may still be in the
 * cache of its core. Who is done with his own goes on with those of others. */
typedef struct share {
    _Alignas(CACHE_LINE) atomic_uint next;
    uint32_t end;
} share;

typedef struct member {
    team *team;
    uint32_t number; /* from 1; the caller is 0 */
    pthread_t thread;
} member;

struct team {
    uint32_t threads; /* for which there is room */
    uint32_t running; /* besides the caller */
    pid_t process;    /* in which they run */
    cpu_set_t cores;  /* that they may run on */
    bool spins;       /* not where threads outnumber the cores */
    member *members;
    share *shares;
    /* Of the piece of work; written while none is open. */
    team_work *work;
    void *context;
    uint32_t sharing; /* how many shares it has */
    /* The caller's: what the team has saved him; how long to go alone, and until when. */
    int64_t saved, rest, rested;
    /* A thread counts itself in before it looks whether a piece is open; the caller closes the piece before
     * it looks whether a thread is inside. So one of them sees the other. */
    _Alignas(CACHE_LINE) atomic_bool open;
    _Alignas(CACHE_LINE) atomic_uint inside;
    /* Changes with each piece, and when threads are roused or shall end. */
    _Alignas(CACHE_LINE) atomic_uint signal;
    atomic_uint asleep;
    atomic_int core;     /* of the caller, when he last had a piece of work */
    atomic_bool crowded; /* the cores have other work */
    atomic_bool ends;
};

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static int64_t now(void) {
    struct timespec x;
    clock_gettime(CLOCK_MONOTONIC, &x);
    return (int64_t)x.tv_sec * 1000000000 + x.tv_nsec;
}

uint32_t team_cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return (uint32_t)CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more cores than a set has room for */
    return online > 0 ? (uint32_t)online : 1;
}

/* Working. */

/* Returns how many parts the thread has done. */
static uint32_t work_on(team *t, uint32_t thread) {
    uint32_t count = t->sharing, done = 0;
    for (uint32_t k = 0; k < count; k++) {
        share *s = &t->shares[(thread + k) % count];
        for (uint32_t i; (i = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed)) < s->end; done++)
            t->work(t->context, thread, i);
    }
    return done;
}

static void join_in(team *t, uint32_t thread) {
    atomic_fetch_add(&t->inside, 1);
    if (atomic_load(&t->open)) work_on(t, thread);
    atomic_fetch_sub(&t->inside, 1);
}

static void sleep_until_signal(team *t, uint32_t seen) {
    atomic_fetch_add(&t->asleep, 1);
    while (atomic_load(&t->signal) == seen)
        syscall(SYS_futex, &t->signal, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    atomic_fetch_sub(&t->asleep, 1);
}

/* A system whose cores are all busy wakes a thread on the core of who wakes it, in whose place it then runs:
 * worse than no help, and the more so when it spins. */
static bool in_the_way(const team *t) { return sched_getcpu() == atomic_load(&t->core); }

static void step_aside(const team *t) {
    cpu_set_t others = t->cores;
    CPU_CLR((size_t)atomic_load(&t->core), &others);
    if (CPU_COUNT(&others)) sched_setaffinity(0, sizeof others, &others);
}

static int64_t spin_of(const team *t) {
    return !t->spins ? 0 : atomic_load(&t->crowded) ? SPIN_BRIEFLY : SPIN;
}

static uint32_t next_signal(team *t, uint32_t seen) {
    for (int64_t started = now(); now() < started + spin_of(t) && !in_the_way(t);)
        for (int i = 0; i < PAUSES; i++, relax())
            if (atomic_load_explicit(&t->signal, memory_order_acquire) != seen)
                return atomic_load(&t->signal);
    sleep_until_signal(t, seen);
    return atomic_load(&t->signal);
}

static void *live(void *argument) {
    const member *m = argument;
    team *t = m->team;
    for (uint32_t seen = 0; !atomic_load(&t->ends); join_in(t, m->number)) {
        seen = next_signal(t, seen);
        if (in_the_way(t)) step_aside(t);
    }
    return NULL;
}

static void wake(team *t) {
    if (atomic_load(&t->asleep))
        syscall(SYS_futex, &t->signal, FUTEX_WAKE_PRIVATE, THREADS_MOST, NULL, NULL, 0);
}

bool team_pays(double nanoseconds) { return nanoseconds >= FORK_PAYS; }

void team_rouse(team *t, double nanoseconds) {
    if (!t || !t->running) return;
    if (t->process != getpid()) t->running = 0;
    if (!t->running || nanoseconds < SEQUENCE_PAYS || !atomic_load(&t->asleep)) return;
    atomic_fetch_add(&t->signal, 1);
    wake(t);
}

/* Parts share[i - 1].end … share[i].end - 1 for thread i. */
static void deal(team *t, uint32_t parts) {
    t->sharing = t->running + 1;
    for (uint32_t i = 0, from = 0; i < t->sharing; i++) {
        share *s = &t->shares[i];
        atomic_store_explicit(&s->next, from, memory_order_relaxed);
        s->end = from = (uint32_t)((uint64_t)parts * (i + 1) / t->sharing);
    }
}

/* Returns the nanoseconds that it took, as far as they are of interest. */
static int64_t wait_for_all(team *t) {
    for (int i = 0; i < 10 * PAUSES; i++, relax())
        if (!atomic_load(&t->inside)) return 0;
    int64_t started = now();
    for (int i = 0; atomic_load(&t->inside); i++)
        if (i % PAUSES) relax();
        else sched_yield();
    return now() - started;
}

static bool goes_alone(team *t) {
    if (!t->rest) return false;
    if (now() < t->rested) return true;
    if ((t->rest /= 2) < REST_LEAST) t->rest = 0;
    atomic_store(&t->crowded, t->rest > 0);
    return false;
}

/* After a piece of which the caller has done so many parts. */
static void save(team *t, int64_t worked, int64_t waited, uint32_t parts, uint32_t done) {
    int64_t each = done ? worked / done : waited;
    t->saved += each * (parts - done) - waited;
    if (t->saved > SAVINGS_MOST) t->saved = SAVINGS_MOST;
}

static void rest(team *t, int64_t waited) {
    int64_t again = 4 * t->rest; /* goes_alone() has halved it */
    t->rest = again > REST_TIMES * waited ? again : REST_TIMES * waited;
    if (t->rest > REST_MOST) t->rest = REST_MOST;
    t->rested = now() + t->rest;
    t->saved = 0;
    atomic_store(&t->crowded, true);
}

void team_run(team *t, double nanoseconds, uint32_t parts, team_work *work, void *context) {
    if (!t || !t->running || parts < 2 || !team_pays(nanoseconds) || goes_alone(t)) {
        for (uint32_t i = 0; i < parts; i++) work(context, 0, i);
        return;
    }
    int64_t started = now();
    t->work = work;
    t->context = context;
    deal(t, parts);
    atomic_store(&t->core, sched_getcpu());
    atomic_store(&t->open, true);
    atomic_fetch_add(&t->signal, 1);
    if (nanoseconds >= ROUSING_PAYS) wake(t);
    uint32_t done = work_on(t, 0);
    atomic_store(&t->open, false);
    int64_t worked = now() - started, waited = wait_for_all(t);
    save(t, worked, waited, parts, done);
    if (t->saved < 0) rest(t, waited);
}

uint32_t team_threads(const team *t) { return t ? t->threads : 1; }

/* Life. */

static void close_with_arena(void *t) { team_close(t); }

team *team_open(arena *a, uint64_t threads) {
    team *t = arena_take_aligned(a, sizeof *t);
    if (!threads) threads = team_cores();
    t->threads = threads < THREADS_MOST ? (uint32_t)threads : THREADS_MOST;
    t->members = arena_array(a, member, t->threads);
    t->shares = arena_take_aligned(a, t->threads * sizeof *t->shares);
    arena_at_close(a, close_with_arena, t);
    return t;
}

/* Signals are the host's threads' business, but for those that a thread's own mistake raises. */
static sigset_t outside_signals(void) {
    static const int OWN[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t set;
    sigfillset(&set);
    for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++) sigdelset(&set, OWN[i]);
    return set;
}

void team_start(team *t, double nanoseconds) {
    if (!t || t->process || t->threads < 2 || nanoseconds < SEQUENCE_PAYS) return;
    t->process = getpid();
    t->spins = t->threads <= team_cores();
    if (sched_getaffinity(0, sizeof t->cores, &t->cores) != 0) CPU_ZERO(&t->cores);
    atomic_store(&t->core, sched_getcpu());
    sigset_t blocked = outside_signals(), before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return;
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    for (uint32_t i = 1; i < t->threads; i++) {
        member *m = &t->members[i];
        *m = (member){.team = t, .number = i};
        if (pthread_create(&m->thread, &attributes, live, m) != 0) break;
        t->running = i;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

void team_close(team *t) {
    if (!t) return;
    uint32_t running = t->process == getpid() ? t->running : 0;
    t->running = 0;
    if (!running) return;
    atomic_store(&t->ends, true);
    atomic_fetch_add(&t->signal, 1);
    wake(t);
    for (uint32_t i = 1; i <= running; i++) pthread_join(t->members[i].thread, NULL);
}
