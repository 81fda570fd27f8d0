/* Peers: processes that evaluate the same workloads in other frameworks (peers/serve.py). They take their
 * turns like the others; what passes between is a line each way, and arrays in a folder for the time of the
 * run. */
#ifndef VM_BENCH_PEERS_H
#define VM_BENCH_PEERS_H

#include <stdio.h>
#include <sys/types.h>
#include "bench/workloads.h"

typedef struct peer {
    const char *name, *folder; /* jax or torch; where the arrays are */
    pid_t process;
    FILE *to, *from;
    char answer[256]; /* the last one */
} peer;

/* Starts `python bench/peers/serve.py NAME THREADS`. */
bool peer_start(peer *p, const char *name, const char *python, const char *folder, uint32_t threads);
void peer_stop(peer *p);

/* What a peer opens: the data, and points as an array `points` among them. */
bool peers_write(const char *folder, const dataset *d);

/* Removes the folder with the arrays. */
void peers_forget(const char *folder);

/* Each is false where the peer has failed; its answer says why. */
bool peer_open(peer *p, const workload *w, const char *precision);
/* The value of each of `rows` points, and then their gradients: `count` numbers in all. */
bool peer_check(peer *p, uint32_t point, double *both, uint64_t count);
/* Seconds of one evaluation, of the wall or, with `cpu`, of the peer's process. */
bool peer_time(peer *p, uint32_t evaluations, uint32_t first, bool cpu, double *seconds);
bool peer_close(peer *p);

#endif
