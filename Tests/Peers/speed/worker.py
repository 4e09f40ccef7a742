"""What the Python workers share: arguments, and the conversation with bench_peers.py.

A worker makes its step and runs it once ("first"); reports what it computed ("ready"); then for
each line of seconds that it reads, steps for so long and reports the times ("round").
"""

import argparse
import json
import sys
import time

import numpy as np

# Small enough that no loss rises: systems then stay together over the compared steps.
LEARNING_RATE = 0.001
# Training steps whose losses are compared.
COMPARED_STEPS = 4


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", required=True, help="in the notation of workloads.py")
    parser.add_argument("--step", choices=["train", "infer"], required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--batch", required=True)
    parser.add_argument("--variant", default="")
    return parser.parse_args()


def emit(**event):
    print(json.dumps(event), flush=True)


def serve(job, step, result, version, compile_seconds=None):
    """`step` does a step and returns when it is done; `result` gives the last one's loss, or the
    logits. `compile_seconds` is a function, asked after the first step."""
    step()
    emit(event="first")
    values = np.asarray(result()).ravel().tolist()
    if job.step == "train":
        for _ in range(COMPARED_STEPS - 1):
            step()
            values += np.asarray(result()).ravel().tolist()
    seconds = compile_seconds() if compile_seconds else None
    emit(
        event="ready", values=values, version=version,
        compileMilliseconds=None if seconds is None else seconds * 1e3)
    clock = time.perf_counter
    for line in sys.stdin:
        end = clock() + float(line)
        times = []
        # The first step of a round finds cold caches and sleeping threads.
        step()
        while len(times) < 2 or clock() < end:
            start = clock()
            step()
            times.append(clock() - start)
        emit(
            event="round", steps=len(times), milliseconds=float(np.median(times)) * 1e3,
            least=min(times) * 1e3)
