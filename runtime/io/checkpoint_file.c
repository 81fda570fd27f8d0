#include "runtime/io/checkpoint_file.h"

#include <string.h>
#include <unistd.h>
#include "base/names.h"

static const char KIND[] = "vm checkpoint 2\n";
enum { KIND_LENGTH = sizeof KIND - 1, HASH_LENGTH = sizeof(uint64_t) };

static bool put(void *user, void *bytes, size_t size) {
    checkpoint_file *f = user;
    f->hash = hash_bytes(bytes, size, f->hash);
    return fwrite(bytes, 1, size, f->writer.stream) == size;
}

static bool begin(void *user, carrier *to) {
    checkpoint_file *f = user;
    if (!file_begin(f->d, f->arena, &f->writer, f->path)) return false;
    f->hash = 0;
    *to = (carrier){put, f, fwrite(KIND, 1, KIND_LENGTH, f->writer.stream) != KIND_LENGTH};
    return true;
}

/* What could not be written is told by the commit, which finds the stream's error. */
static void end(void *user, const carrier *to) {
    checkpoint_file *f = user;
    (void)to;
    fwrite(&f->hash, 1, HASH_LENGTH, f->writer.stream);
    file_commit(f->d, &f->writer);
}

static bool get(void *user, void *bytes, size_t size) {
    checkpoint_file *f = user;
    if (f->length - HASH_LENGTH - f->at < size) return false;
    memcpy(bytes, f->text + f->at, size);
    f->at += size;
    f->hash = hash_bytes(bytes, size, f->hash);
    return true;
}

static bool is_whole(void *user) {
    const checkpoint_file *f = user;
    return f->at + HASH_LENGTH == f->length && memcmp(f->text + f->at, &f->hash, HASH_LENGTH) == 0;
}

static bool read_one(checkpoint_file *f) {
    f->text = file_read(f->d, f->arena, f->path, &f->length);
    if (!f->text) return false;
    f->at = KIND_LENGTH;
    f->from = (carrier){get, f, false};
    f->store.from = &f->from;
    if (f->length >= KIND_LENGTH + HASH_LENGTH && memcmp(f->text, KIND, KIND_LENGTH) == 0) return true;
    diagnostic *said = diagnose_data(f->d, f->path, 0, "this is no checkpoint of a fit");
    advise(f->d, said, "name the file that `--checkpoint` wrote, or leave `--resume` out to begin anew");
    return false;
}

bool checkpoint_file_open(checkpoint_file *f, diagnostics *d, arena *a, const char *path, uint64_t every,
                          bool resumes) {
    *f = (checkpoint_file){.d = d, .arena = a, .path = path};
    f->store = (checkpoints){.every = every, .user = f, .begin = begin, .end = end, .is_whole = is_whole};
    if (resumes && access(path, F_OK) == 0) return read_one(f);
    bool writable = file_begin(d, a, &f->writer, path);
    file_abort(&f->writer);
    return writable;
}
