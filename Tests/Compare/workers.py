"""Processes that do steps, round by round, of one revision each."""

import json
import os
import signal
import statistics
import subprocess
import time

import inputs
import processes
from steps import MODELS, NETWORKS
from workloads import parse


class WorkerFailed(Exception):
    pass


class Worker:
    """A process at work. After it is made, it has compiled the step and run it some times.

    `values` are the losses of the first steps, or the logits; `version` is what it says of itself;
    `peak_bytes` is the largest memory that it has had in use."""

    # Training is slow enough that no loss rises over the compared steps.
    LEARNING_RATE = 0.001

    def __init__(self, command, threads, folder, **options):
        self.log = folder / "stderr"
        self.version = ""
        with open(self.log, "w") as log:
            self.process = processes.start(
                command, processors=sorted(os.sched_getaffinity(0))[:threads], stderr=log,
                **options)

    @property
    def peak_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        raise self.failure("the system does not tell its memory")

    def failure(self, default="it ended"):
        """Ends the process; the error that tells what it said."""
        self.finish()
        return WorkerFailed(processes.last_line(self.log, default))

    def finish(self):
        processes.end(self.process)
        for pipe in self.process.stdin, self.process.stdout:
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass


class PeerWorker(Worker):
    """QuernPeer, which runs rounds when it is told to: `Tests/Peers/speed/worker.py` describes the
    conversation."""

    def __init__(self, executables, step, threads, target, folder, files):
        command = [
            executables.peer, "--network", NETWORKS[step.network], "--step", step.kind,
            "--threads", threads, "--weights", files / "weights.safetensors",
            "--batch", files / "batch.safetensors", "--variant", target or ""]
        super().__init__(
            command, threads, folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.expect("first")
        ready = self.expect("ready")
        self.values, self.version = ready["values"], ready["version"]

    @staticmethod
    def write_inputs(step, files):
        shape, layers = parse(NETWORKS[step.network])
        inputs.write_safetensors(files / "weights.safetensors", inputs.weights(layers))
        inputs.write_safetensors(
            files / "batch.safetensors", inputs.batch(shape, layers[-1].output[0], step.batch))

    def expect(self, event):
        line = self.process.stdout.readline()
        try:
            found = json.loads(line)
        except ValueError:
            found = {}
        if found.get("event") != event:
            raise self.failure(f"no {event}: {line.strip() or 'it ended'}")
        return found

    def round(self, seconds):
        """Steps for so long; the median and the least time of a step, in milliseconds."""
        try:
            self.process.stdin.write(f"{seconds}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self.failure() from None
        found = self.expect("round")
        return found["milliseconds"], found["least"]


class TrainWorker(Worker):
    """`quern train`, for built-in models that QuernPeer's notation has no words for.

    It knows no rounds, so it is stopped (SIGSTOP) while it is the other's turn. An epoch is four
    steps long; the log tells how many examples a second it did, loading included, evaluation not.
    Epochs that were interrupted by a stop do not count. It is the only one of the commands that runs
    whole steps until it is ended: `bench` spends most of its time on other backends, and `profile`
    times kernels one by one, which leaves out what lies between them.
    """

    STEPS = 4

    def __init__(self, executables, step, threads, target, folder, files):
        self.examples = self.STEPS * step.batch
        self.losses, self.epochs = [], []
        command = [
            executables.quern, "train", step.network, "--data", files / "data",
            "--batch", step.batch, "--optimizer", "sgd", "--learning-rate", self.LEARNING_RATE,
            "--schedule", "constant", "--epochs", 10**9, "--threads", threads,
            "--log", folder / "log"]
        if target:
            command += ["--target", target]
        self.records = None
        self.rest = ""
        super().__init__(command, threads, folder, stdout=subprocess.DEVNULL)
        while not self.epochs:
            time.sleep(0.01)
            self.read(folder)
        self.stop()
        self.read(folder)
        self.folder = folder
        self.values = self.losses[:self.STEPS]

    @classmethod
    def write_inputs(cls, step, files):
        (files / "data").mkdir()
        inputs.write_data_set(files / "data", side=28, classes=10, count=cls.STEPS * step.batch)

    def read(self, folder):
        """Takes what is new in the log."""
        if self.process.poll() is not None:
            raise self.failure()
        if self.records is None:
            try:
                self.records = open(folder / "log")
            except FileNotFoundError:
                return
        *lines, self.rest = (self.rest + self.records.read()).split("\n")
        for line in map(json.loads, lines):
            if line["event"] == "epoch":
                # A whole number, and 0 for an epoch that was stopped for long.
                seconds = self.examples / max(line["examplesPerSecond"], 1)
                self.epochs.append(1e3 * seconds / self.STEPS)
            elif len(self.losses) < self.STEPS:
                self.losses.append(line["loss"])

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)
        # Until all its threads stand still.
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def round(self, seconds):
        """Steps for so long; the median and the least over epochs of a step's mean time, in
        milliseconds."""
        before = len(self.epochs)
        end = time.monotonic() + seconds
        self.process.send_signal(signal.SIGCONT)
        time.sleep(seconds)
        # The first that ends is one that was interrupted.
        while len(self.epochs) < before + 3 or time.monotonic() < end:
            time.sleep(0.01)
            self.read(self.folder)
        self.stop()
        self.read(self.folder)
        whole = self.epochs[before + 1:]
        return statistics.median(whole), min(whole)

    def finish(self):
        super().finish()
        if self.records:
            self.records.close()


def worker_class(step):
    return TrainWorker if step.network in MODELS else PeerWorker
