"""Times training steps and inference of Quern, PyTorch, JAX and ONNX Runtime side by side.

Every system is a process of its own (see speed/), bound to as many processors as it has threads. They
get the same weights and batch, and what they compute is compared first. Then they take turns over
several rounds, so that all see the same machine.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

import quern

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "speed"))
from workloads import (  # noqa: E402
    NETWORKS, WORKLOADS, make_batch, make_weights, multiply_adds)

PEER = quern.PRODUCTS / "QuernPeer"

# Name: what starts it, its variant, the kinds of step it does, whether pictures make a difference.
SYSTEMS = {
    "Quern": ([PEER], "", ("train", "infer"), False),
    "Quern avx2": ([PEER], "avx2", ("train", "infer"), False),
    "PyTorch": ("pytorch_worker.py", "eager", ("train", "infer"), False),
    "PyTorch channels-last": ("pytorch_worker.py", "eager-channels-last", ("train", "infer"), True),
    "PyTorch compile": ("pytorch_worker.py", "compile", ("train", "infer"), False),
    "PyTorch compile channels-last": (
        "pytorch_worker.py", "compile-channels-last", ("train", "infer"), True),
    "JAX": ("jax_worker.py", "", ("train", "infer"), False),
    "ONNX Runtime": ("onnx_worker.py", "", ("infer",), False),
}


def bind_to(threads):
    """What binds a new process to as many processors."""
    processors = sorted(os.sched_getaffinity(0))[:threads]
    return lambda: os.sched_setaffinity(0, processors)


class WorkerFailed(Exception):
    pass


class Worker:
    """A system at work on one workload."""

    def __init__(self, system, workload, threads, directory):
        command, variant, _, _ = SYSTEMS[system]
        if isinstance(command, str):
            command = [sys.executable, HERE / "speed" / command]
        self.system = system
        self.rounds = []
        self.log = open(directory / "log", "w+")
        started = time.monotonic()
        self.process = subprocess.Popen(
            [
                *map(str, command), "--network", NETWORKS[workload.network], "--step", workload.kind,
                "--threads", str(threads), "--weights", str(directory / "weights.safetensors"),
                "--batch", str(directory / "batch.safetensors"), "--variant", variant,
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env=self.environment(threads, directory),
            preexec_fn=bind_to(threads))
        self.expect("first")
        self.first_step_seconds = time.monotonic() - started
        ready = self.expect("ready")
        self.values = np.array([np.nan if x is None else x for x in ready["values"]])
        self.version = ready["version"]
        self.compile_milliseconds = ready["compileMilliseconds"]
        self.peak_bytes = None

    @staticmethod
    def environment(threads, directory):
        return {
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "MKL_NUM_THREADS": str(threads),
            # Every compilation is from scratch, so that its time means something.
            "TORCHINDUCTOR_CACHE_DIR": str(directory / "inductor"),
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}",
        }

    def expect(self, event):
        line = self.process.stdout.readline()
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not found or found.get("event") != event:
            self.process.kill()
            self.process.wait()
            self.log.seek(0)
            said = self.log.read().strip().splitlines()
            raise WorkerFailed(said[-1] if said else f"no {event}: {line.strip() or 'it ended'}")
        return found

    def round(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        self.rounds.append(self.expect("round"))

    def finish(self):
        self.peak_bytes = self.peak()
        self.process.stdin.close()
        self.process.wait()
        self.log.close()

    def peak(self):
        """The largest resident memory, in bytes. Not what wait4 tells: that counts this program's
        own memory too, which the process had for a moment between fork and exec."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0

    def result(self):
        medians = [entry["milliseconds"] for entry in self.rounds]
        return {
            "system": self.system,
            "version": self.version,
            "milliseconds": statistics.median(medians),
            "slowestRound": max(medians),
            "fastestRound": min(medians),
            "leastMilliseconds": min(entry["least"] for entry in self.rounds),
            "steps": sum(entry["steps"] for entry in self.rounds),
            "compileMilliseconds": self.compile_milliseconds,
            "firstStepSeconds": self.first_step_seconds,
            "peakBytes": self.peak_bytes,
        }


def limit(threads):
    """Floating-point operations a second of multiply-adds on registers, as measured now."""
    found = subprocess.run(
        [str(PEER), "--limits", str(threads)], check=True, capture_output=True, text=True,
        preexec_fn=bind_to(threads))
    return json.loads(found.stdout)["operationsPerSecond"]


def measure(workload, threads, systems, arguments):
    """One workload on all systems: a list of results, the milliseconds that its multiply-adds take at
    the limit of the same minutes, and what went wrong."""
    problems, workers, limits = [], [], []
    title = title_of(workload, threads)
    seed = 1
    text = NETWORKS[workload.network]
    weights, batch = make_weights(text, seed), make_batch(text, workload.batch, seed)
    with tempfile.TemporaryDirectory() as temporary:
        for place, system in enumerate(systems):
            _, _, kinds, only_pictures = SYSTEMS[system]
            if workload.kind not in kinds or (only_pictures and batch["input"].ndim != 4):
                continue
            directory = Path(temporary) / str(place)
            directory.mkdir()
            save_file(weights, directory / "weights.safetensors")
            save_file(batch, directory / "batch.safetensors")
            try:
                workers.append(Worker(system, workload, threads, directory))
            except WorkerFailed as problem:
                problems.append(f"{title}: {system}: {problem}")
        differences = compare(workers)
        for worker in workers:
            if not differences[worker.system] <= arguments.tolerance:
                problems.append(
                    f"{title}: {worker.system} computes something else: "
                    f"{differences[worker.system]:.1e}")
        for _ in range(arguments.rounds):
            limits.append(limit(threads))
            for worker in list(workers):
                try:
                    worker.round(arguments.seconds)
                except (WorkerFailed, BrokenPipeError) as problem:
                    problems.append(f"{title}: {worker.system}: {problem}")
                    worker.process.kill()
                    worker.process.wait()
                    workers.remove(worker)
        for worker in workers:
            worker.finish()
    results = [{**worker.result(), "difference": differences[worker.system]} for worker in workers]
    peers = [r["milliseconds"] for r in results if not r["system"].startswith("Quern")]
    for result in results:
        result["ratioToBestPeer"] = min(peers) / result["milliseconds"] if peers else None
    work = 2 * multiply_adds(text, workload.kind, workload.batch)
    results.sort(key=lambda result: result["milliseconds"])
    return results, work / max(limits) * 1e3, problems


def compare(workers):
    """For each system, the largest difference of its losses (or logits) from the median system's,
    relative to the largest of them."""
    if not workers:
        return {}
    middle = np.median([worker.values for worker in workers], axis=0)
    largest = np.abs(middle).max()
    differences = {}
    for worker in workers:
        difference = np.abs(worker.values - middle).max() / largest
        differences[worker.system] = float(difference) if np.isfinite(difference) else float("inf")
    return differences


def processor():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def title_of(workload, threads):
    return f"{workload.title}, {threads} thread{'' if threads == 1 else 's'}"


def show(workload, threads, results):
    title = title_of(workload, threads)
    for result in results:
        ms = result["milliseconds"]
        digits = 4 if ms < 1 else 2
        rounds = f"{result['fastestRound']:.{digits}f} … {result['slowestRound']:.{digits}f}"
        ratio = result["ratioToBestPeer"]
        compiling = result["compileMilliseconds"]
        print(
            f"{title:32}  {result['system']:30}  {ms:>10.{digits}f}  {rounds:>22}  "
            f"{'–' if ratio is None else f'{ratio:.2f}':>9}  "
            f"{'–' if compiling is None else f'{compiling:.0f}':>10}  "
            f"{result['firstStepSeconds']:>11.2f}  {result['peakBytes'] / 2**20:>8.0f}  "
            f"{result['difference']:>10.0e}")
        title = ""
    sys.stdout.flush()


def summary(report):
    """A row for each workload, as Markdown: what stands in the Benchmarks article."""
    rows = [
        ["workload", "threads", "Quern, ms", "AVX2, ms", "best peer, ms", "", "ahead by",
         "at the limit, ms"],
        ["---", "--:", "--:", "--:", "--:", "---", "--:", "--:"],
    ]

    def text(milliseconds):
        return f"{milliseconds:.{4 if milliseconds < 1 else 2 if milliseconds < 100 else 0}f}"

    for workload in report["workloads"]:
        results = {result["system"]: result for result in workload["results"]}
        peers = [r for name, r in results.items() if not name.startswith("Quern")]
        if "Quern" not in results or not peers:
            continue
        own, avx2 = results["Quern"], results.get("Quern avx2")
        best = min(peers, key=lambda result: result["milliseconds"])
        rows.append([
            f"`{workload['name']}` {workload['step']}, batch {workload['batch']}",
            str(workload["threads"]), text(own["milliseconds"]),
            text(avx2["milliseconds"]) if avx2 else "–",
            text(best["milliseconds"]), best["system"], f"{own['ratioToBestPeer']:.2f}×",
            text(workload["limitMilliseconds"]),
        ])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "workloads", nargs="*", help="networks, or titles such as 'fc train 128' (default: all)")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=1.0,
        help="of each system in each round, at least two steps (default: %(default)s)")
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument(
        "--tolerance", type=float, default=1e-4,
        help="of losses and logits, relative (default: %(default)s)")
    parser.add_argument(
        "--json", metavar="FILE", default=str(quern.ROOT / ".build" / "peers.json"),
        help="where everything that was measured is written (default: %(default)s)")
    arguments = parser.parse_args()
    chosen = [
        w for w in WORKLOADS
        if not arguments.workloads or {w.network, w.title} & set(arguments.workloads)]
    if not chosen:
        parser.error(f"no such workload; there are {', '.join(w.title for w in WORKLOADS)}")
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("give at least one round, and more than 0 seconds")
    available = len(os.sched_getaffinity(0))
    if not all(1 <= threads <= available for threads in arguments.threads):
        parser.error(f"--threads: there are {available} processors")
    if not PEER.exists():
        parser.error(f"{PEER} is not there; Tests/Peers/run.sh speed builds it")
    try:  # Before minutes are spent on what could not be written.
        Path(arguments.json).parent.mkdir(parents=True, exist_ok=True)
        Path(arguments.json).open("a").close()
    except OSError as error:
        parser.error(f"--json {arguments.json} cannot be written: {error.strerror}")
    systems = arguments.systems
    if "avx2" not in quern.targets():
        systems = [system for system in systems if system != "Quern avx2"]

    date = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    print(f"{date}, {processor()}, {available} processors; float32; {arguments.rounds} rounds\n")
    header = (
        f"{'workload':32}  {'system':30}  {'ms':>10}  {'rounds':>22}  {'best peer':>9}  "
        f"{'compile ms':>10}  {'first step s':>11}  {'peak MiB':>8}  {'difference':>10}")
    print(header + "\n" + "─" * len(header), flush=True)
    report = {"date": date, "processor": processor(), "processors": available, "workloads": []}
    problems = []
    for workload in chosen:
        for threads in arguments.threads:
            results, at_limit, wrong = measure(workload, threads, systems, arguments)
            problems += wrong
            show(workload, threads, results)
            report["workloads"].append({
                "network": NETWORKS[workload.network], "name": workload.network,
                "step": workload.kind, "batch": workload.batch, "threads": threads,
                "limitMilliseconds": at_limit, "results": results})
    versions = sorted({r["version"] for w in report["workloads"] for r in w["results"]})
    print(f"\n{', '.join(versions)}")
    print(
        "ms: the median over rounds of a round's median step; best peer: its time over this one's, "
        "above 1 is\nfaster; difference: of losses or logits from the median system's; at the limit: the "
        "definition's multiply-adds\nat the highest rate measured between the rounds, which fast "
        "convolutions may undercut.")
    print(f"\n{summary(report)}")
    report["problems"] = problems
    Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n")
    print(f"\neverything as JSON: {arguments.json}")
    if problems:
        print(f"\n{len(problems)} went wrong:", *problems, sep="\n  ")
        sys.exit(1)


if __name__ == "__main__":
    main()
