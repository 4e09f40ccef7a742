"""What compiling a step costs, in instructions that the processor would execute.

valgrind counts them, those of all threads together. Unlike time, the count hardly depends on what
else the machine does; TinyCC's work is in it, since it is done in the same process. Two things are
made to be the same each time, so that counts repeat: the seed of Swift's hash tables, and how work
is divided between threads, by letting the process have one processor only.
"""

import os
import re
from pathlib import Path

import inputs
import processes
from steps import MODELS, NETWORKS

VALGRIND = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]


class NotCounted(Exception):
    pass


def stripped(executable, folder):
    """A copy without the debugging information, in whose format valgrind may find faults."""
    copy = folder / executable.name
    status = processes.run(["strip", "-o", copy, executable])
    if status != 0:
        raise processes.Problem(f"strip {executable} failed (exit {status})")
    return copy


def count_all(commands, folder):
    """Runs commands under valgrind, as many at once as there are processors; for each, how many
    instructions it took and its last line on standard error. The commands may fail."""
    processors = sorted(os.sched_getaffinity(0))
    results = []
    for start in range(0, len(commands), len(processors)):
        part = commands[start:start + len(processors)]
        results += count_at_once(part, folder, processors)
    return results


def count_at_once(commands, folder, processors):
    started = []
    for number, command in enumerate(commands):
        report, said = folder / f"report-{number}", folder / f"said-{number}"
        with open(said, "w") as file:
            process = processes.start(
                [*VALGRIND, f"--log-file={report}", *command], processors={processors[number]},
                stdout=file, stderr=file,
                env={**os.environ, "SWIFT_DETERMINISTIC_HASHING": "1"})
        started.append((process, report, said))
    results = []
    for process, report, said in started:
        status = processes.finish(process)
        found = re.search(r"I\s+refs:\s+([\d,]+)", report.read_text() if report.exists() else "")
        if status < 0 or not found:
            raise NotCounted(processes.last_line(report if report.exists() else said))
        results.append((int(found[1].replace(",", "")), processes.last_line(said)))
    return results


def compiling(peer, quern, step, threads, target, files):
    """A command that compiles a step and then ends with an error, before anything is run: it misses
    labels, pictures or a data set."""
    if step.network in MODELS:
        return [
            quern, "train", step.network, "--data", files / "no-data", "--batch", step.batch,
            "--optimizer", "sgd", "--threads", threads, "--target", target]
    return [
        peer, "--network", NETWORKS[step.network], "--step", step.kind, "--threads", threads,
        "--weights", files / "weights.safetensors", "--batch", files / "batch.safetensors",
        "--variant", target]


def starting(peer, quern, step):
    """A command that starts the same executable and does nothing."""
    return [quern, "--version"] if step.network in MODELS else [peer]


class Counter:
    """Counts for two revisions, side by side."""

    def __init__(self, revisions, target, folder):
        self.target, self.folder = target, Path(folder)
        self.copies = []
        for number, revision in enumerate(revisions):
            place = self.folder / str(number)
            place.mkdir()
            self.copies.append((stripped(revision.peer, place), stripped(revision.quern, place)))
        # By the executable's place in a pair: what starting it costs, for each revision.
        self.start_up = {}

    def count(self, step, threads):
        """Instructions of compiling the step, one number for each revision; without those of
        starting the process."""
        files = self.folder / "inputs"
        (files / "no-data").mkdir(parents=True, exist_ok=True)
        inputs.write_bare_inputs(files, step.batch)
        is_model = step.network in MODELS
        if is_model not in self.start_up:
            commands = [starting(*copies, step) for copies in self.copies]
            self.start_up[is_model] = [
                count for count, _ in count_all(commands, self.folder)]
        commands = [
            compiling(*copies, step, threads, self.target, files) for copies in self.copies]
        return [
            net(count, start_up, said)
            for (count, said), start_up in zip(
                count_all(commands, self.folder), self.start_up[is_model])]


def net(count, start_up, said):
    """The instructions beyond those of starting the process."""
    # What ends before it compiles takes hardly more than what does nothing.
    if count < 1.5 * start_up:
        raise NotCounted(f"it ended before it compiled: {said}")
    return count - start_up
