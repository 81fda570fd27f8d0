#ifndef VM_BENCH_PEERS_H
#define VM_BENCH_PEERS_H
typedef struct peer peer;
#endif
