#!/usr/bin/env python3
"""Stan's NUTS on the posteriors of ../posteriors.txt, given compiled models.

usage: stan.py DIR MODELS [POSTERIOR…]

MODELS is a folder of posteriordb's Stan programs (posterior_database/models/stan). Needs `pip install pystan`, whose httpstan brings Stan
and compiles with the machine's C++ compiler, once for each program. Four chains at Stan's defaults, 1,000 steps of warm-up and 1,000 draws
each, one after the other. DIR/POSTERIOR.json is as score.py beside the database reads it, with `seconds` the processor's time of the
process that samples: from reading the data to writing the last draw, without Python, the compiler or the start of a process.
A chain that needs longer than LONGEST ends its posterior; `longest` is then written, and no variables.
"""
import asyncio
import json
import multiprocessing
import os
import resource
import select
import socket
import sys
import tempfile
import time

import httpstan.models
import httpstan.services.arguments as arguments
import numpy as np

from summary import DATABASE, posteriors, summarise, write

CHAINS, LONGEST = 4, 600  # seconds of the processor for a posterior
FUNCTION = "hmc_nuts_diag_e_adapt"


def compiled(folder, model):
    with open(os.path.join(folder, model + ".stan")) as source:
        program = source.read()
    name = httpstan.models.calculate_model_name(program)
    try:
        return httpstan.models.import_services_extension_module(name)
    except (KeyError, ImportError):
        for attempt in range(3):  # its stanc has one second
            try:
                asyncio.run(httpstan.models.build_services_extension_module(program))
                break
            except Exception as error:
                print(model, "attempt", attempt, error, flush=True)
        return httpstan.models.import_services_extension_module(name)


def chain(module, data, number, to, pipe):
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST + 5, LONGEST + 5))
    function = getattr(module, FUNCTION + "_wrapper")
    given = {a: arguments.lookup_default(arguments.Method.SAMPLE, a) for a in arguments.function_arguments(FUNCTION, module)
             if a not in ("data", "init", "random_seed", "chain")}
    given |= {"data": data, "init": {}, "random_seed": 1, "chain": number, "refresh": 0}
    began = time.process_time()
    function(to, **given)
    pipe.send(time.process_time() - began)


def sample(module, data, number):
    """-> (draws by name, seconds), or None where it takes too long or fails."""
    with socket.socket(socket.AF_UNIX) as listening, tempfile.TemporaryDirectory() as folder:
        to = os.path.join(folder, "draws")
        listening.bind(to)
        listening.listen(4)
        ours, theirs = multiprocessing.Pipe()
        worker = multiprocessing.get_context("fork").Process(target=chain, args=(module, data, number, to, theirs))
        worker.start()
        said, open_ones = {}, [listening]
        while worker.is_alive() or len(open_ones) > 1:
            for s in select.select(open_ones, [], [], 0.05)[0]:
                if s is listening:
                    open_ones.append(s.accept()[0])
                    continue
                part = s.recv(1 << 16)
                said[s] = said.get(s, b"") + part
                if not part:
                    open_ones.remove(s)
        worker.join()
        if worker.exitcode or not ours.poll():
            return None
    draws = []
    for text in said.values():
        for line in text.splitlines():
            message = json.loads(line)
            if message["topic"] == "sample" and isinstance(message["values"], dict):
                draws.append(message["values"])
    return {k: np.array([d[k] for d in draws], float) for k in draws[0] if not k.endswith("__")}, ours.recv()


def main():
    to, folder = sys.argv[1:3]
    os.makedirs(to, exist_ok=True)
    for posterior, data in posteriors(sys.argv[3:]):
        model = posterior.split("-", 1)[1]
        if os.path.exists(os.path.join(to, posterior + ".json")):
            continue
        module = compiled(folder, model)
        if os.environ.get("BUILD_ONLY"):
            continue
        with open(os.path.join(DATABASE, "data", data + ".json")) as file:
            values = json.load(file)
        seconds, draws = 0, []
        for number in range(1, CHAINS + 1):
            one = sample(module, values, number)
            if one is None or seconds + one[1] > LONGEST:
                draws = None
                break
            draws.append(one[0])
            seconds += one[1]
        write(to, posterior, seconds if draws else LONGEST, summarise(
            {k: np.stack([d[k] for d in draws]) for k in draws[0]}) if draws else [], draws is None)


if __name__ == "__main__":
    main()
