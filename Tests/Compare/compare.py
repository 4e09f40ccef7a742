"""Compares Quern with another revision of itself: time, compile cost and memory of steps."""

import argparse
import contextlib
import datetime
import os
import platform
import shutil
import signal
import statistics
import sys
import tempfile
import unittest
from pathlib import Path

# No folder of compiled Python among the sources.
sys.dont_write_bytecode = True

import processes  # noqa: E402
import revisions  # noqa: E402
from instructions import Counter, NotCounted  # noqa: E402
from processes import Problem  # noqa: E402
from quern import targets  # noqa: E402
from ratios import geometric_mean, largest_difference, paired, turns  # noqa: E402
from steps import DEFAULT, UnknownStep, all_chosen  # noqa: E402
from workers import WorkerFailed, worker_class  # noqa: E402

MEASURES = ("time", "instructions", "memory")
# Of losses and logits, relative. Sums in another order differ by far less.
TOLERANCE = 1e-4


def parsed(words):
    parser = argparse.ArgumentParser(
        prog="compare", description=__doc__, allow_abbrev=False, epilog="A ratio is new / old: "
        "below 1, the new revision takes less. See README.md beside this program.")
    parser.add_argument(
        "revision", nargs="?", help="what to compare with: a commit, branch or tag (default: HEAD "
        "where the sources are changed, else where the branch left main, on main HEAD~1)")
    parser.add_argument(
        "--new", metavar="REVISION", help="what is compared (default: the tree as it is)")
    parser.add_argument(
        "--workloads", nargs="+", default=[], metavar="NAME",
        help="such as lenet, lenet:infer or lenet:train:8 (default: "
        + ", ".join(step.title for step in DEFAULT) + ")")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    available = len(os.sched_getaffinity(0))
    parser.add_argument(
        "--threads", nargs="+", type=int, default=list(range(1, min(available, 2) + 1)),
        help="default: 1 and 2, where there are as many processors")
    parser.add_argument(
        "--target", choices=("avx512", "avx2", "portable"),
        help="vector instructions (default: the best there are; instructions are counted of at "
        "most avx2, since valgrind knows no others)")
    parser.add_argument(
        "--starts", type=int, default=3,
        help="how often both processes are started (default: %(default)s)")
    parser.add_argument(
        "--rounds", type=int, default=4, help="pairs of rounds in each (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=0.3,
        help="of each revision in each round, at least some steps (default: %(default)s)")
    parser.add_argument("--self-test", action="store_true", help="run the tests of this program")
    arguments = parser.parse_args(words)
    try:
        arguments.steps = all_chosen(arguments.workloads)
    except UnknownStep as error:
        parser.error(f"--workloads {error}")
    for name in "starts", "rounds":
        if getattr(arguments, name) < 1:
            parser.error(f"--{name} is {getattr(arguments, name)}; give at least 1")
    if not 0 < arguments.seconds <= 3600:
        parser.error(f"--seconds is {arguments.seconds}; give more than 0, and at most 3600")
    arguments.threads = list(dict.fromkeys(arguments.threads))
    for threads in arguments.threads:
        if not 1 <= threads <= available:
            parser.error(f"--threads {threads}: there are {available} processors")
    if arguments.target and arguments.target not in targets():
        parser.error(
            f"--target {arguments.target}: this processor has {', '.join(targets())}")
    return arguments


def check_tools(arguments):
    needed = {"git": "git", "swift": None}
    if "instructions" in arguments.only:
        needed |= {"valgrind": "valgrind", "strip": "binutils"}
    for tool, package in needed.items():
        if shutil.which(tool) is None:
            mend = f"on Debian: apt-get install {package}" if package else (
                "install it as https://www.swift.org/install/linux tells")
            raise Problem(f"there is no {tool} in the PATH; {mend}")


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


class Table:
    """Lines in columns; the first two are what was measured."""

    def __init__(self, title, columns):
        self.columns = [("", 19), ("threads", 7), *columns]
        print(f"\n{title}\n")
        head = "  ".join(f"{name:>{width}}" for name, width in self.columns)
        print(f"{head}\n{'─' * len(head)}", flush=True)

    def add(self, step, threads, *cells):
        texts = [f"{step.title:<19}", *map(str, (threads, *cells))]
        print("  ".join(
            f"{text:>{width}}" for text, (_, width) in zip(texts, self.columns)), flush=True)


def milliseconds(time):
    return f"{time:.{4 if time < 1 else 3 if time < 10 else 2}f}"


@contextlib.contextmanager
def named(name):
    """Says in an error whose it is."""
    try:
        yield
    except WorkerFailed as error:
        raise WorkerFailed(f"{name}: {error}") from None


class Comparison:
    """Measures two revisions, and prints what comes out."""

    def __init__(self, arguments, old, new, folder):
        self.arguments, self.revisions, self.folder = arguments, (old, new), folder
        self.problems = []
        self.memory = []

    def run(self):
        only = self.arguments.only
        if "time" in only:
            table = Table(
                f"Time of a step in {self.arguments.starts} × {self.arguments.rounds} pairs of "
                "rounds: median, and least",
                [("old ms", 9), ("new ms", 9), ("new/old", 7), ("quartiles", 15),
                 ("least old", 9), ("least new", 9), ("new/old", 7)])
            ratios = self.each(lambda *case: self.work(*case, table))
            self.summarise(ratios)
        elif "memory" in only:
            self.each(lambda *case: self.work(*case, None))
        if "memory" in only:
            table = Table(
                "Largest resident memory of a process that compiles the step and runs it",
                [("old MiB", 9), ("new MiB", 9), ("new/old", 7)])
            for step, threads, old, new in self.memory:
                table.add(
                    step, threads, f"{old / 2**20:.1f}", f"{new / 2**20:.1f}", f"{new / old:.3f}")
            self.summarise([new / old for _, _, old, new in self.memory])
        if "instructions" in only:
            self.count()

    def each(self, measure):
        """Calls `measure` for each step and number of threads; returns what it does, where it
        succeeds."""
        results = []
        for step in self.arguments.steps:
            with tempfile.TemporaryDirectory(dir=self.folder) as temporary:
                files = Path(temporary)
                for threads in self.arguments.threads:
                    try:
                        results.append(measure(step, threads, files))
                    except (WorkerFailed, NotCounted) as error:
                        self.problems.append(f"{step.title}, threads {threads}: {error}")
                        print(f"{step.title:<19}  {threads:>7}  failed", flush=True)
        return results

    def summarise(self, ratios):
        if len(ratios) > 1:
            print(f"\ngeometric mean of new/old: {geometric_mean(ratios):.3f}")

    def work(self, step, threads, files, table):
        """Starts both revisions several times; with a table, lets them take turns, and returns the
        ratio of their times."""
        kind = worker_class(step)
        if not any(files.iterdir()):
            kind.write_inputs(step, files)
        memory = {"old": [], "new": []}
        rounds = {"old": [], "new": []}
        difference = 0.0
        # Single starts differ by a percent or two, even of equal executables.
        for order in turns(self.arguments.starts):
            with self.workers(kind, order, step, threads, files) as workers:
                for name, worker in workers.items():
                    memory[name].append(worker.peak_bytes)
                values = (workers[name].values for name in ("old", "new"))
                difference = max(difference, largest_difference(*values))
                if table:
                    self.take_turns(workers, rounds)
        self.memory.append((step, threads, *map(statistics.median, memory.values())))
        if not difference <= TOLERANCE:
            self.problems.append(
                f"{step.title}, threads {threads}: the revisions compute different numbers "
                f"(relative difference {difference:.1e})")
        return self.show_times(step, threads, rounds, table) if table else None

    @contextlib.contextmanager
    def workers(self, kind, order, step, threads, files):
        """Both revisions at work, started in this order."""
        workers = {}
        try:
            for name in order:
                revision = self.revisions[("old", "new").index(name)]
                place = Path(tempfile.mkdtemp(dir=files))
                with named(name):
                    workers[name] = kind(
                        revision, step, threads, self.arguments.target, place, files)
            yield workers
        finally:
            for worker in workers.values():
                worker.finish()

    def take_turns(self, workers, rounds):
        for order in turns(self.arguments.rounds):
            for name in order:
                with named(name):
                    rounds[name].append(workers[name].round(self.arguments.seconds))

    def show_times(self, step, threads, rounds, table):
        """Adds a row; returns the ratio."""
        (old, old_least), (new, new_least) = (zip(*rounds[name]) for name in ("old", "new"))
        ratio, least = paired(old, new), (min(old_least), min(new_least))
        table.add(
            step, threads, *(milliseconds(statistics.median(times)) for times in (old, new)),
            f"{ratio.median:.3f}", f"{ratio.low:.3f} … {ratio.high:.3f}",
            *map(milliseconds, least), f"{least[1] / least[0]:.3f}")
        return ratio.median

    def count(self):
        target = self.arguments.target
        if target in (None, "avx512"):
            target = "avx2" if "avx2" in targets() else "portable"
        table = Table(
            f"Instructions of compiling the step for {target}",
            [("old 10⁶", 9), ("new 10⁶", 9), ("new/old", 7)])
        counter = Counter(self.revisions, target, tempfile.mkdtemp(dir=self.folder))

        def measure(step, threads, _):
            old, new = counter.count(step, threads)
            table.add(step, threads, f"{old / 1e6:.2f}", f"{new / 1e6:.2f}", f"{new / old:.4f}")
            return new / old

        self.summarise(self.each(measure))


def compare(arguments):
    def say(text):
        print(text, flush=True)

    check_tools(arguments)
    # Both names first: nobody waits for a build to hear of a wrong one.
    before = revisions.commit(
        revisions.default_revision() if arguments.revision is None else arguments.revision)
    after = None if arguments.new is None else revisions.commit(arguments.new)
    new = revisions.build_commit(after, say) if after else revisions.build_tree(say)
    old = revisions.build_commit(before, say)
    date = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    print(
        f"\n{date}, {processor()}, {len(os.sched_getaffinity(0))} processors, "
        f"target {arguments.target or targets()[0]}\nold: {old.name}\nnew: {new.name}", flush=True)
    with tempfile.TemporaryDirectory(prefix="quern-compare-") as temporary:
        comparison = Comparison(arguments, old, new, Path(temporary))
        comparison.run()
    if comparison.problems:
        print(f"\n{len(comparison.problems)} went wrong:", *comparison.problems, sep="\n  ")
        return 1
    return 0


def self_test():
    tests = unittest.defaultTestLoader.discover(str(Path(__file__).parent))
    return 0 if unittest.TextTestRunner().run(tests).wasSuccessful() else 1


def ended(number, _):
    sys.exit(128 + number)


def main():
    if sys.platform != "linux":
        print("compare: this runs on Linux only; it reads /proc", file=sys.stderr)
        return 2
    arguments = parsed(sys.argv[1:])
    if arguments.self_test:
        return self_test()
    signal.signal(signal.SIGTERM, ended)
    try:
        return compare(arguments)
    except KeyboardInterrupt:
        return 130
    except (Problem, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    finally:
        # One more Ctrl-C must not keep children from being ended.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        processes.end_all()


if __name__ == "__main__":
    sys.exit(main())
