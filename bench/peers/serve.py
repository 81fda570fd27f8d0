"""A peer of the bench: serve.py FRAMEWORK THREADS, with FRAMEWORK jax or torch. It answers, line by line,

    open STEM PRECISION FOLDER   reads the data and the points that the bench has written to FOLDER
    check K                      value and gradient at point K, written to FOLDER/FRAMEWORK
    time N K CLOCK               evaluates N times, at point K and the next ones by turns; CLOCK is wall or cpu
    close                        forgets the workload

with `done` and the seconds of one evaluation, where that was asked for, or with what went wrong. with_FRAMEWORK.py has a
class for each workload, of which `check` and `turn` are called."""
import importlib
import os
import sys
import time

framework, threads = sys.argv[1], int(sys.argv[2])
# A framework has as many threads as it finds processors when it starts, which then may be any.
processors = os.sched_getaffinity(0)
os.sched_setaffinity(0, set(sorted(processors)[:threads]))

import numpy as np  # noqa: E402

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what a framework prints is no answer
workloads = importlib.import_module("with_" + framework)
workloads.start(threads)
for task in os.listdir("/proc/self/task"):
    os.sched_setaffinity(int(task), processors)


def read(folder):
    """The arrays by name: a line of `index` each, `NAME DIMS…`, and a file NAME with the doubles."""
    data = {}
    with open(os.path.join(folder, "index")) as lines:
        for line in lines:
            name, *dims = line.split()
            data[name] = np.fromfile(os.path.join(folder, name)).reshape([int(d) for d in dims])
    return data


class Session:
    def open(self, stem, precision, folder):
        self.folder = folder
        data = read(folder)
        self.points = data.pop("points")
        self.workload = getattr(workloads, stem)(data, self.points, precision)

    def check(self, k):
        value, gradient = self.workload.check(int(k))
        both = np.concatenate([np.ravel(value), np.ravel(gradient)])
        both.astype(np.float64).tofile(os.path.join(self.folder, framework))

    def time(self, count, first, clock):
        now = time.process_time if clock == "cpu" else time.perf_counter
        started = now()
        for i in range(int(first), int(first) + int(count)):
            self.workload.turn(i % len(self.points))
        return (now() - started) / int(count)

    def close(self):
        self.workload = self.points = None


session = Session()
for line in sys.stdin:
    word, *rest = line.split()
    try:
        seconds = getattr(session, word)(*rest)
        print("done" if seconds is None else seconds, file=answers, flush=True)
    except Exception as mistake:
        print(str(mistake).splitlines()[0], file=answers, flush=True)
