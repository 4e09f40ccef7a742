"""Tests of how processes are started, asked and ended: make compare ARGS=--self-test"""

import contextlib
import io
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import compare  # noqa: E402
import processes  # noqa: E402
import revisions  # noqa: E402
import workers  # noqa: E402
from workloads import Workload  # noqa: E402


class WorkerTests(unittest.TestCase):
    """With programs that play Quern's part."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    STEP = Workload("fc", "infer", 1)

    def program(self, text, name="program"):
        path = self.folder / name
        path.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
        path.chmod(0o755)
        return revisions.Executables("some", path, path)

    def state(self, process):
        """The letter that the system tells: S sleeps, T is stopped."""
        return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def is_alive(self, number):
        try:
            stat = Path(f"/proc/{number}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return stat.rpartition(")")[2].split()[0] not in ("Z", "X")

    PEER = """
        import json, sys
        print(json.dumps({"event": "first"}))
        print(json.dumps({"event": "ready", "values": [1, 2], "version": "some"}), flush=True)
        for line in sys.stdin:
            found = {"event": "round", "milliseconds": float(line), "least": 0.5}
            print(json.dumps(found), flush=True)
        """

    def test_a_peer_is_asked_round_by_round(self):
        worker = workers.PeerWorker(
            self.program(self.PEER), self.STEP, 1, None, self.folder, self.folder)
        self.addCleanup(worker.finish)
        self.assertEqual(worker.values, [1, 2])
        self.assertGreater(worker.peak_bytes, 1 << 20)
        self.assertEqual(worker.round(0.25), (0.25, 0.5))
        self.assertEqual(worker.round(2.0), (2.0, 0.5))

    def compared(self, new, *words):
        """What a comparison of two programs prints, and what went wrong."""
        arguments = compare.parsed([
            "--workloads", "odd-conv:infer:1", "--threads", "1", "--starts", "3", "--rounds", "2",
            *words])
        comparison = compare.Comparison(
            arguments, self.program(self.PEER, "old"), self.program(new, "new"), self.folder)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            comparison.run()
        self.assertFalse(processes.running)
        return printed.getvalue(), comparison.problems

    def test_ratios_are_of_new_to_old(self):
        slow = self.PEER.replace("float(line)", "1.5 * float(line)").replace("0.5", "0.4")
        printed, problems = self.compared(slow, "--only", "time", "memory")
        rows = [line.split() for line in printed.splitlines() if line.startswith("odd-conv")]
        self.assertEqual(
            rows[0][4:], ["0.3000", "0.4500", "1.500", "1.500", "…", "1.500", "0.5000", "0.4000",
                          "0.800"])
        self.assertAlmostEqual(float(rows[1][6]), 1, delta=0.1)
        self.assertEqual(problems, [])

    def test_other_numbers_are_told(self):
        _, problems = self.compared(self.PEER.replace("[1, 2]", "[1, 2.002]"), "--only", "memory")
        self.assertRegex("".join(problems), "^odd-conv infer 1, threads 1: .*different.*1.0e-03")

    def test_who_failed_is_told(self):
        _, problems = self.compared('import sys; sys.exit("no memory")', "--only", "time")
        self.assertEqual(problems, ["odd-conv infer 1, threads 1: new: no memory"])

    def test_a_peer_that_fails_tells_why(self):
        program = self.program('import sys; sys.exit("QuernPeer: no such layer")')
        with self.assertRaisesRegex(workers.WorkerFailed, "no such layer"):
            workers.PeerWorker(program, self.STEP, 1, None, self.folder, self.folder)
        self.assertFalse(processes.running)

    def test_a_peer_that_ends_between_rounds_is_noticed(self):
        worker = workers.PeerWorker(
            self.program(self.PEER), self.STEP, 1, None, self.folder, self.folder)
        processes.end(worker.process)
        with self.assertRaises(workers.WorkerFailed):
            worker.round(0.1)

    # Epochs of 20 ms, of which it says that they had 1000 examples a second.
    TRAINING = """
        import json, sys, time
        log = open(sys.argv[sys.argv.index("--log") + 1], "w")
        epoch = 0
        while True:
            epoch += 1
            for step in range(4):
                print(json.dumps({"event": "step", "loss": epoch + step / 4}), file=log, flush=True)
            # The first after each pause is slow.
            start = time.monotonic()
            time.sleep(0.02)
            rate = 1000 if time.monotonic() - start < 0.3 else 1
            print(json.dumps({"event": "epoch", "examplesPerSecond": rate}), file=log, flush=True)
        """

    def test_training_stands_still_between_rounds(self):
        step = Workload("resnet8", "train", 5)
        worker = workers.TrainWorker(
            self.program(self.TRAINING), step, 1, None, self.folder, self.folder)
        self.addCleanup(worker.finish)
        self.assertEqual(worker.values, [1, 1.25, 1.5, 1.75])
        for _ in range(2):
            self.assertEqual(self.state(worker.process), "T")
            subprocess.run(["sleep", "0.6"], check=True)
            # 5 examples at 1000 a second; not the 5 seconds of the epoch that was interrupted.
            self.assertEqual(worker.round(0.1), (5, 5))
        self.assertEqual(self.state(worker.process), "T")

    def test_training_that_fails_tells_why(self):
        program = self.program('import sys; sys.exit("quern: no such model")')
        with self.assertRaisesRegex(workers.WorkerFailed, "no such model"):
            workers.TrainWorker(
                program, Workload("resnet8", "train", 5), 1, None, self.folder, self.folder)

    def test_children_are_ended_with_those_they_have_started(self):
        process = processes.start(
            ["sh", "-c", "sleep 100 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        grandchild = int(process.stdout.readline())
        processes.end_all()
        self.assertFalse(processes.running)
        for _ in range(200):
            if not self.is_alive(grandchild):
                return
            time.sleep(0.01)
        self.fail("a grandchild is still there")


if __name__ == "__main__":
    unittest.main()
