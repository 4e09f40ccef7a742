"""Tests of the parts that start nothing: make compare ARGS=--self-test"""

import contextlib
import io
import json
import math
import struct
import subprocess
import sys
import tempfile
import unittest
from array import array
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import compare  # noqa: E402
import inputs  # noqa: E402
import instructions  # noqa: E402
import processes  # noqa: E402
import ratios  # noqa: E402
import revisions  # noqa: E402
import steps  # noqa: E402
from workloads import NETWORKS, Workload, parse  # noqa: E402


class InFolder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)


class RatioTests(unittest.TestCase):
    def test_quartiles(self):
        self.assertEqual(ratios.Spread.of([5, 1, 4, 2, 3]), ratios.Spread(2, 3, 4))
        self.assertEqual(ratios.Spread.of([7]), ratios.Spread(7, 7, 7))

    def test_what_slows_down_both_of_a_pair_leaves_the_ratio_alone(self):
        found = ratios.paired([10, 100, 1000], [11, 110, 1100])
        for ratio in found.low, found.median, found.high:
            self.assertAlmostEqual(ratio, 1.1)

    def test_values_without_a_partner_are_refused(self):
        for old, new in ([1, 2], [1]), ([], []):
            with self.assertRaises(ValueError):
                ratios.paired(old, new)

    def test_geometric_mean(self):
        self.assertAlmostEqual(ratios.geometric_mean([0.5, 2]), 1)
        self.assertAlmostEqual(ratios.geometric_mean([1, 8]), math.sqrt(8))

    def test_differences_are_relative_to_the_largest_value(self):
        self.assertEqual(ratios.largest_difference([1, -4], [1, -4]), 0)
        self.assertAlmostEqual(ratios.largest_difference([1, -4], [1.2, -4.1]), 0.05)
        self.assertEqual(ratios.largest_difference([0], [0]), 0)

    def test_what_cannot_be_compared_differs(self):
        for old, new in ([1], [1, 2]), ([], []), ([1], [None]), ([math.nan], [1]), ([0], [1]):
            self.assertEqual(ratios.largest_difference(old, new), math.inf)

    def test_both_are_first_as_often(self):
        self.assertEqual(
            [name for pair in ratios.turns(3) for name in pair],
            ["old", "new", "new", "old", "old", "new"])


class InputTests(InFolder):
    def read(self, path):
        """A reader that shares nothing with the writer."""
        content = path.read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        data = content[8 + length:]
        self.assertEqual((8 + length) % 8, 0)
        tensors, covered = {}, 0
        for name, entry in json.loads(content[8:8 + length]).items():
            start, end = entry["data_offsets"]
            self.assertEqual(start, covered)
            covered = end
            letter = {"F32": "f", "I32": "i"}[entry["dtype"]]
            values = struct.unpack(f"<{(end - start) // 4}{letter}", data[start:end])
            tensors[name] = (entry["shape"], list(values))
        self.assertEqual(covered, len(data))
        return tensors

    def test_tensors_are_found_again(self):
        path = self.folder / "some.safetensors"
        inputs.write_safetensors(path, {
            "a": ("F32", (2, 3), array("f", [0, 1, -2, 0.5, 1e-30, 3])),
            "é": ("I32", (2,), array("i", [7, -1])),
        })
        found = self.read(path)
        self.assertEqual(found["é"], ([2], [7, -1]))
        self.assertEqual(found["a"][0], [2, 3])
        self.assertEqual(array("f", found["a"][1]), array("f", [0, 1, -2, 0.5, 1e-30, 3]))

    def test_tensors_of_another_size_or_type_are_refused(self):
        path = self.folder / "wrong.safetensors"
        for tensor in ("F32", (3,), array("f", [1, 2])), ("I32", (1,), array("f", [1])):
            with self.assertRaises(ValueError):
                inputs.write_safetensors(path, {"a": tensor})

    def test_weights_have_the_shapes_that_the_notation_says(self):
        shape, layers = parse("input:6x8x3 conv:4:3:2:1 relu maxPool:2 flatten dense:5")
        weights = inputs.weights(layers)
        self.assertEqual(
            {name: tuple(shape) for name, (_, shape, _) in weights.items()},
            {"conv1.weight": (3, 3, 3, 4), "conv1.bias": (4,),
             "dense1.weight": (1 * 2 * 4, 5), "dense1.bias": (5,)})
        bound = math.sqrt(6 / 27)
        values = weights["conv1.weight"][2]
        self.assertEqual(len(values), 108)
        self.assertTrue(all(abs(value) <= bound * 1.000001 for value in values))
        self.assertTrue(min(values) < -bound / 2 and max(values) > bound / 2)
        self.assertTrue(any(weights["dense1.bias"][2]))

    def test_weights_and_batches_are_the_same_every_time(self):
        _, layers = parse(NETWORKS["odd-conv"])
        self.assertEqual(inputs.weights(layers), inputs.weights(layers))
        self.assertEqual(inputs.batch((3, 2), 4, 5), inputs.batch((3, 2), 4, 5))

    def test_many_numbers_are_drawn_in_parts(self):
        import random
        drawn = inputs.uniform(random.Random(1), 70_000, 2, 3)
        again = random.Random(1)
        self.assertEqual(drawn, array("f", [2 + again.random() for _ in range(70_000)]))

    def test_a_batch_has_pictures_and_labels(self):
        batch = inputs.batch((4, 5, 3), 7, 50)
        self.assertEqual(batch["input"][:2], ("F32", (50, 4, 5, 3)))
        self.assertEqual(len(batch["input"][2]), 3000)
        self.assertEqual(batch["labels"][:2], ("I32", (50,)))
        self.assertEqual(set(batch["labels"][2]), set(range(7)))

    def test_bare_inputs_tell_the_batch_and_no_more(self):
        inputs.write_bare_inputs(self.folder, 7)
        self.assertEqual(
            self.read(self.folder / "batch.safetensors"), {"input": ([7, 1], [0.0] * 7)})
        self.assertEqual(list(self.read(self.folder / "weights.safetensors")), ["none"])

    def test_a_data_set_is_four_idx_files(self):
        inputs.write_data_set(self.folder, side=6, classes=10, count=12)
        for name, count in ("train", 12), ("t10k", 1):
            pictures = (self.folder / f"{name}-images-idx3-ubyte").read_bytes()
            self.assertEqual(struct.unpack(">IIII", pictures[:16]), (2051, count, 6, 6))
            self.assertEqual(len(pictures), 16 + 36 * count)
            labels = (self.folder / f"{name}-labels-idx1-ubyte").read_bytes()
            self.assertEqual(struct.unpack(">II", labels[:8]), (2049, count))
            self.assertEqual(list(labels[8:]), [number % 10 for number in range(count)])


class StepTests(unittest.TestCase):
    def test_the_default_list_is_known(self):
        for step in steps.DEFAULT:
            self.assertIn(step.network, (*NETWORKS, *steps.MODELS))
        self.assertEqual(steps.all_chosen([]), list(steps.DEFAULT))

    def test_names(self):
        lenet = [Workload("lenet", "train", 128), Workload("lenet", "infer", 1)]
        self.assertEqual(steps.chosen("lenet"), lenet)
        self.assertEqual(steps.chosen("lenet:infer"), lenet[1:])
        self.assertEqual(steps.chosen("lenet:train:8"), [Workload("lenet", "train", 8)])
        self.assertEqual(steps.chosen("resnet8"), [Workload("resnet8", "train", 128)])
        # Not in the default list: as in the comparison with other systems.
        self.assertEqual(steps.chosen("strided"), [Workload("strided", "train", 100)])
        self.assertEqual(steps.all_chosen(["lenet:infer", "lenet"]), [lenet[1], lenet[0]])

    def test_wrong_names_are_told(self):
        for name, part in {
            "lenett": "no network 'lenett'", "lenet:learn": "'learn'", "lenet:train:0": "'0'",
            "lenet:train:x": "'x'", "resnet8:infer:1": "only training",
            "lenet:train:8:9": "give NETWORK",
            "strided:infer": "give the batch", "": "no network ''",
        }.items():
            with self.subTest(name), self.assertRaisesRegex(steps.UnknownStep, part):
                steps.chosen(name)

    def test_nothing_but_the_standard_library_is_needed(self):
        # -S: without site-packages.
        subprocess.run(
            [sys.executable, "-B", "-S", "-c", "import compare"], cwd=HERE, check=True)


class InstructionTests(unittest.TestCase):
    def test_starting_is_subtracted(self):
        self.assertEqual(instructions.net(100, 20, ""), 80)

    def test_what_ended_early_is_no_count(self):
        with self.assertRaisesRegex(instructions.NotCounted, "no such layer"):
            instructions.net(21, 20, "there is no such layer")

    def test_commands_name_the_step(self):
        step = Workload("lenet", "infer", 3)
        words = instructions.compiling("peer", "quern", step, 2, "avx2", Path("f"))
        self.assertEqual(words[0], "peer")
        self.assertIn(NETWORKS["lenet"], words)
        model = Workload("resnet8", "train", 16)
        words = instructions.compiling("peer", "quern", model, 2, "avx2", Path("f"))
        self.assertEqual(words[:3], ["quern", "train", "resnet8"])


class RevisionTests(InFolder):
    def git(self, *arguments):
        identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
        subprocess.run(
            ["git", "-C", self.folder, *identity, *arguments], check=True, capture_output=True)

    def commit(self, text):
        (self.folder / "Sources").mkdir(exist_ok=True)
        (self.folder / "Sources" / "a.swift").write_text(text)
        self.git("add", ".")
        self.git("commit", "-m", text)

    def test_what_is_compared_with_unless_told(self):
        self.git("init", "--initial-branch", "main")
        self.commit("one")
        with mock.patch.object(revisions, "ROOT", self.folder):
            with self.assertRaisesRegex(processes.Problem, "no parent"):
                revisions.default_revision()
            self.commit("two")
            self.assertEqual(revisions.default_revision(), "HEAD~1")
            main = revisions.commit("main")
            self.git("checkout", "-b", "branch")
            self.commit("three")
            self.commit("four")
            self.assertEqual(revisions.default_revision(), main)
            (self.folder / "README.md").write_text("not built")
            self.assertEqual(revisions.default_revision(), main)
            (self.folder / "Sources" / "b.swift").write_text("new")
            self.assertEqual(revisions.default_revision(), "HEAD")

    def test_a_commit_is_copied_whole_or_not_at_all(self):
        self.git("init", "--initial-branch", "main")
        self.commit("one")
        (self.folder / "Sources" / "a.swift").write_text("changed")
        with mock.patch.object(revisions, "ROOT", self.folder):
            copy = self.folder / "builds" / "copy"
            revisions.export(revisions.commit("HEAD"), copy)
            self.assertEqual((copy / "Sources" / "a.swift").read_text(), "one")
            with self.assertRaises(processes.Problem):
                revisions.export("0" * 40, self.folder / "builds" / "other")
            self.assertEqual(list((self.folder / "builds").iterdir()), [copy])

    def test_unknown_revisions_are_told(self):
        for name in "no-such-branch", "--help", "":
            with self.subTest(name), self.assertRaisesRegex(processes.Problem, "no such revision"):
                revisions.commit(name)


class OptionTests(unittest.TestCase):
    def test_wrong_options_end_with_2(self):
        for words in (
            ["--rounds", "0"], ["--starts", "0"], ["--rounds", "x"], ["--seconds", "0"],
            ["--seconds", "nan"], ["--threads", "0"], ["--threads", "100000"], ["--only", "speed"],
            ["--workloads", "vggg"],
            ["--target", "sse"], ["--round", "3"], ["HEAD", "HEAD"],
        ):
            with self.subTest(words), contextlib.redirect_stderr(io.StringIO()):
                with self.assertRaises(SystemExit) as caught:
                    compare.parsed(words)
                self.assertEqual(caught.exception.code, 2)

    def test_defaults(self):
        arguments = compare.parsed([])
        self.assertIsNone(arguments.revision)
        self.assertEqual(arguments.only, list(compare.MEASURES))
        self.assertEqual(arguments.steps, list(steps.DEFAULT))


if __name__ == "__main__":
    unittest.main()
