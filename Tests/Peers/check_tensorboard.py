#!/usr/bin/env python3
"""Reads the event files of `quern train --tensorboard` back with TensorBoard's own code.

See README.md beside this file.
"""

import argparse
import json
import shutil
import struct
import sys
import tempfile
from pathlib import Path

import numpy
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import quern


class Difference(Exception):
    """What was read is not what was written."""


def expect(condition, message):
    if not condition:
        raise Difference(message)


def train(folder, *arguments):
    """A part of a run of digits-conv; its events go to `folder`."""
    quern.run("train", "digits-conv", "--batch", 64, "--schedule", "constant",
              "--tensorboard", folder, *arguments)


def same(found, logged, what):
    """Whether scalars are the log's, rounded to single precision."""
    steps = [event.step for event in found]
    expect(steps == [step for step, _ in logged], f"{what}: steps {steps[:5]} … {steps[-5:]}")
    for event, (step, value) in zip(found, logged):
        expect(
            numpy.float32(event.value) == numpy.float32(value),
            f"{what}, step {step}: {event.value} read, {value} logged")
    return len(found)


def check_png(image, what):
    data = image.encoded_image_string
    expect(data[:8] == b"\x89PNG\r\n\x1a\n", f"{what}: no PNG file")
    width, height = struct.unpack(">II", data[16:24])
    expect((width, height) == (image.width, image.height), f"{what}: {width}×{height} pixels")


def check(folder):
    events, log, half, end = (folder / name for name in ("events", "log", "half", "end"))
    train(events, "--epochs", 1, "--log", log, "--save", half)
    first = log.read_text()
    train(events, "--epochs", 2, "--log", log, "--load", half, "--save", end)
    # Once more from the same place, as after a process that was killed: with another rate, so that
    # what is read can be told from what the second process wrote.
    log.write_text(first)
    train(events, "--epochs", 3, "--log", log, "--load", half, "--save", end,
          "--learning-rate", 0.01)

    files = sorted(events.iterdir())
    expect(len(files) == 3, f"{len(files)} files for three processes")
    expect(all(file.name.startswith("events.out.tfevents.") for file in files), f"{files}")
    accumulator = EventAccumulator(str(events), size_guidance={"scalars": 0, "images": 0})
    accumulator.Reload()
    expect(accumulator.file_version == 2.0, f"version {accumulator.file_version}")

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [line for line in lines if line["event"] == "step"]
    epochs = [line for line in lines if line["event"] == "epoch"]
    expect(len(epochs) == 3, f"{len(epochs)} epochs in the log")
    curves = {
        "loss/step": [(line["step"], line["loss"]) for line in steps],
        "learning_rate": [(line["step"], line["learningRate"]) for line in steps],
        "loss/training": [(line["step"], line["loss"]) for line in epochs],
        "accuracy/training": [(line["step"], line["accuracy"]) for line in epochs],
        "loss/test": [(line["step"], line["evaluationLoss"]) for line in epochs],
        "accuracy/test": [(line["step"], line["evaluationAccuracy"]) for line in epochs],
        "error/test": [(line["step"], 1 - line["evaluationAccuracy"]) for line in epochs],
    }
    tags = accumulator.Tags()
    expect(set(tags["scalars"]) == set(curves) | {"examples_per_second"}, f"{tags['scalars']}")
    for tag, logged in curves.items():
        print(f"{tag}: {same(accumulator.Scalars(tag), logged, tag)} values as in the log")
    speeds = [event.value for event in accumulator.Scalars("examples_per_second")]
    expect(len(speeds) == 3 and min(speeds) > 0, f"examples_per_second: {speeds}")

    expect(tags["images"] == ["filters/conv1"], f"{tags['images']}")
    images = accumulator.Images("filters/conv1")
    places = [image.step for image in images]
    expect(places == [0] + [line["step"] for line in epochs], f"filters/conv1: steps {places}")
    for image in images:
        check_png(image, f"filters/conv1, step {image.step}")
    expect(len({image.encoded_image_string for image in images}) == 4, "equal pictures")
    print(f"filters/conv1: {len(images)} PNG pictures of {images[0].width}×{images[0].height}")


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    folder = Path(tempfile.mkdtemp(prefix="quern-events-"))
    try:
        check(folder)
    except (Difference, quern.QuernError) as difference:
        print(f"check_tensorboard.py: {difference}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    print("TensorBoard reads what Quern wrote")
    return 0


if __name__ == "__main__":
    sys.exit(main())
