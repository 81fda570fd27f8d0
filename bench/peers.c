#include "bench/peers.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_server(const char *name, const char *python, uint32_t threads, int in, int out) {
    char number[16];
    snprintf(number, sizeof number, "%u", threads);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execlp(python, python, "bench/peers/serve.py", name, number, (char *)NULL);
    _exit(127);
}

bool peer_start(peer *p, const char *name, const char *python, const char *folder, uint32_t threads) {
    int in[2], out[2];
    *p = (peer){.name = name, .folder = folder};
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) return false; /* no peer holds another's ends open */
    signal(SIGPIPE, SIG_IGN);
    p->process = fork();
    if (p->process < 0) return false;
    if (p->process == 0) run_server(name, python, threads, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    p->to = fdopen(in[1], "w");
    p->from = fdopen(out[0], "r");
    return p->to && p->from;
}

void peer_stop(peer *p) {
    if (p->to) fclose(p->to);
    if (p->from) fclose(p->from);
    if (p->process > 0) waitpid(p->process, NULL, 0);
    *p = (peer){0};
}

/* Takes the answer to what has been written to the peer. */
static bool answered(peer *p) {
    fflush(p->to);
    if (!fgets(p->answer, sizeof p->answer, p->from)) {
        snprintf(p->answer, sizeof p->answer, "it has ended");
        return false;
    }
    p->answer[strcspn(p->answer, "\n")] = 0;
    return strcmp(p->answer, "done") == 0;
}

bool peer_open(peer *p, const workload *w, const char *precision) {
    fprintf(p->to, "open %s %s %s\n", w->stem, precision, p->folder);
    return answered(p);
}

bool peer_check(peer *p, uint32_t point, double *both, uint64_t count) {
    char path[512];
    fprintf(p->to, "check %u\n", point);
    if (!answered(p)) return false;
    snprintf(path, sizeof path, "%s/%s", p->folder, p->name);
    FILE *from = fopen(path, "rb");
    bool good = from && fread(both, sizeof *both, count, from) == count && fgetc(from) == EOF;
    if (from) fclose(from);
    if (!good) snprintf(p->answer, sizeof p->answer, "its gradient has another size");
    return good;
}

bool peer_time(peer *p, uint32_t evaluations, uint32_t first, bool cpu, double *seconds) {
    char *end;
    fprintf(p->to, "time %u %u %s\n", evaluations, first, cpu ? "cpu" : "wall");
    answered(p);
    *seconds = strtod(p->answer, &end);
    return end != p->answer && !*end;
}

bool peer_close(peer *p) {
    fprintf(p->to, "close\n");
    return answered(p);
}

bool peers_write(const char *folder, const dataset *d) {
    char path[512];
    snprintf(path, sizeof path, "%s/index", folder);
    FILE *index = fopen(path, "w");
    bool good = index != NULL;
    for (uint32_t i = 0; i < d->count && good; i++) {
        const array *x = &d->arrays[i];
        size_t count = 1;
        fprintf(index, "%s", x->name);
        for (uint32_t k = 0; k < x->rank; k++) {
            count *= x->dims[k];
            fprintf(index, " %u", x->dims[k]);
        }
        fprintf(index, "\n");
        snprintf(path, sizeof path, "%s/%s", folder, x->name);
        FILE *to = fopen(path, "wb");
        good = to && fwrite(x->values, sizeof *x->values, count, to) == count;
        if (to && fclose(to)) good = false;
    }
    if (index && fclose(index)) good = false;
    return good;
}

void peers_forget(const char *folder) {
    char path[1024];
    DIR *listed = opendir(folder);
    for (struct dirent *x; listed && (x = readdir(listed));) {
        snprintf(path, sizeof path, "%s/%s", folder, x->d_name);
        if (x->d_name[0] != '.') unlink(path);
    }
    if (listed) closedir(listed);
    rmdir(folder);
}
