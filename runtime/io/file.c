#include "runtime/io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/names.h"
#include "runtime/io/guard.h"

/* Reason in words; the buffer belongs to the caller because strerror's is shared between threads. */
static const char *reason(int error, char text[128]) { return strerror_r(error, text, 128); }

static const char *folder_of(arena *a, const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return ".";
    return slash == path ? "/" : arena_copy(a, path, (size_t)(slash - path));
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A search for the file that a path may be a slip of. */
typedef struct neighbour {
    arena *arena;
    const char *wanted, *found;
    DIR *folder;
} neighbour;

static void look_around(void *user) {
    neighbour *n = user;
    uint32_t best = 2;
    for (struct dirent *e; (e = readdir(n->folder));) {
        uint32_t distance = edit_distance(n->wanted, e->d_name, best);
        /* Of two that are equally near the choice must not depend on the order of the folder. */
        if (e->d_name[0] == '.' || distance > best) continue;
        if (distance < best || !n->found || strcmp(e->d_name, n->found) < 0)
            best = distance, n->found = arena_copy(n->arena, e->d_name, strlen(e->d_name));
    }
}

static void close_folder(void *user) { closedir(((neighbour *)user)->folder); }

/* The path of a file of nearly the same name in the same folder, or NULL. */
static const char *near_path(arena *a, const char *path) {
    neighbour n = {.arena = a, .wanted = last_part(path), .folder = opendir(folder_of(a, path))};
    if (!n.folder) return NULL;
    guard(a->memory, look_around, close_folder, &n);
    if (!n.found) return NULL;
    return arena_print(a, "%.*s%s", (int)(n.wanted - path), path, n.found);
}

static void report_unreadable(diagnostics *d, const char *path, int error) {
    char text[128];
    if (error != ENOENT) {
        diagnostic *said = diagnose_data(d, path, 0, "the file cannot be read: %s", reason(error, text));
        advise(d, said, "see that its permissions let you read it, or name another file");
        return;
    }
    diagnostic *said = diagnose_data(d, path, 0, "there is no such file");
    const char *near = near_path(d->arena, path);
    if (near) advise(d, said, "did you mean %s?", near);
    else
        advise(d, said,
               "paths in a program start at the folder of its file, paths in the command at the current one");
}

typedef struct reading {
    arena *arena;
    int file;
    char *bytes;
    size_t length, capacity;
    int error;
} reading;

static void read_all(void *user) {
    reading *r = user;
    for (;;) {
        if (r->length == r->capacity) {
            char *larger = arena_take(r->arena, r->capacity * 2 + 1);
            memcpy(larger, r->bytes, r->length);
            r->bytes = larger, r->capacity *= 2;
        }
        ssize_t got = read(r->file, r->bytes + r->length, r->capacity - r->length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) r->error = errno;
        if (got <= 0) break;
        r->length += (size_t)got;
    }
    r->bytes[r->length] = 0;
}

static void close_reading(void *user) { close(((reading *)user)->file); }

static bool look_at(diagnostics *d, const char *path, struct stat *about) {
    if (stat(path, about) != 0) {
        report_unreadable(d, path, errno);
        return false;
    }
    if (!S_ISDIR(about->st_mode)) return true;
    diagnostic *said = diagnose_data(d, path, 0, "this is a folder, not a file");
    advise(d, said, "name one of the files in it");
    return false;
}

bool path_ends_in(const char *path, const char *ending) {
    size_t n = strlen(path), k = strlen(ending);
    return n > k && strcmp(path + n - k, ending) == 0;
}

bool file_present(diagnostics *d, const char *path) {
    struct stat about;
    return look_at(d, path, &about);
}

const char *file_read(diagnostics *d, arena *a, const char *path, size_t *length) {
    struct stat about;
    if (!look_at(d, path, &about)) return NULL;
    reading r = {.arena = a};
    r.capacity = S_ISREG(about.st_mode) && about.st_size > 0 ? (size_t)about.st_size + 1 : 64 * 1024;
    r.bytes = arena_take(a, r.capacity + 1);
    r.file = open(path, O_RDONLY | O_CLOEXEC);
    if (r.file >= 0) guard(a->memory, read_all, close_reading, &r);
    else r.error = errno;
    if (r.error) {
        report_unreadable(d, path, r.error);
        return NULL;
    }
    *length = r.length;
    return r.bytes;
}

static bool folder_exists(const char *path) {
    char folder[PATH_MAX];
    size_t length = (size_t)(last_part(path) - path);
    if (length == 0 || length >= sizeof folder) return length == 0;
    memcpy(folder, path, length);
    folder[length] = 0;
    return access(folder, F_OK) == 0;
}

static bool report_unwritable(diagnostics *d, const char *path, int error) {
    char text[128];
    diagnostic *said = diagnose_data(d, path, 0, "the file cannot be written: %s", reason(error, text));
    if (error == ENOENT && !folder_exists(path)) advise(d, said, "make its folder first");
    else if (error == ENOSPC || error == EDQUOT) advise(d, said, "make room, or write to another disk");
    else advise(d, said, "name another file, in a folder where you may write");
    return false;
}

/* The file that a path stands for, through symbolic links; the path itself where nothing is there yet. */
static const char *resolve(arena *a, const char *path) {
    char *room = arena_take(a, PATH_MAX), *real = realpath(path, room);
    return real ? real : path;
}

bool file_begin(diagnostics *d, arena *a, file_writer *w, const char *path) {
    struct stat about;
    *w = (file_writer){.path = path, .target = path};
    bool exists = stat(path, &about) == 0;
    if (exists && S_ISDIR(about.st_mode)) return report_unwritable(d, path, EISDIR);
    if (exists && access(path, W_OK) != 0) return report_unwritable(d, path, errno);
    int file;
    if (exists && !S_ISREG(about.st_mode)) {
        file = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        w->target = resolve(a, path);
        for (int attempt = 0;; attempt++) {
            w->temporary = arena_print(a, "%s.%ld-%d.part", w->target, (long)getpid(), attempt);
            file = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (file >= 0 || errno != EEXIST) break;
        }
    }
    if (file < 0) return report_unwritable(d, path, errno);
    w->stream = fdopen(file, "w");
    if (w->stream) return true;
    int error = errno;
    close(file);
    if (w->temporary) unlink(w->temporary);
    return report_unwritable(d, path, error);
}

/* A name is on the disk when its folder is; not every file system lets a folder be synchronised. */
static void sync_folder(const char *path) {
    char folder[PATH_MAX];
    size_t length = (size_t)(last_part(path) - path);
    if (length >= sizeof folder) return;
    memcpy(folder, length ? path : ".", length ? length : 1);
    folder[length ? length : 1] = 0;
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return;
    fsync(file);
    close(file);
}

/* An earlier write failed and its reason is gone: one more tells it again. */
static int ask_again(FILE *stream) {
    clearerr(stream);
    errno = EIO;
    return fputc('\n', stream) == EOF || fflush(stream) != 0 ? errno : EIO;
}

bool file_commit(diagnostics *d, file_writer *w) {
    int error = 0;
    if (ferror(w->stream)) error = ask_again(w->stream);
    else if (fflush(w->stream) != 0) error = errno;
    if (!error && w->temporary && fsync(fileno(w->stream)) != 0) error = errno;
    if (fclose(w->stream) != 0 && !error) error = errno;
    w->stream = NULL;
    if (!error && w->temporary && rename(w->temporary, w->target) != 0) error = errno;
    if (!error) {
        if (w->temporary) sync_folder(w->target);
        return true;
    }
    if (w->temporary) unlink(w->temporary);
    return report_unwritable(d, w->path, error);
}

void file_abort(file_writer *w) {
    if (!w->stream) return;
    fclose(w->stream);
    w->stream = NULL;
    if (w->temporary) unlink(w->temporary);
}
