"""The files that a step reads: weights, batches and data sets, drawn from a seed.

Only Python's standard library is used, so that nothing has to be installed.
"""

import json
import math
import random
import struct
import sys
from array import array

SEED = 1
# Characters of an array's type code, by the name that safetensors has for it.
TYPE_CODES = {"F32": "f", "I32": "i"}


def write_safetensors(path, tensors):
    """Writes tensors: {name: (type, shape, values)}, the type "F32" or "I32", the values an array
    of that type in row-major order."""
    header, offset = {}, 0
    for name, (kind, shape, values) in tensors.items():
        if kind not in TYPE_CODES or values.typecode != TYPE_CODES[kind]:
            raise ValueError(f"{name}: values of type {values.typecode!r} for {kind}")
        if math.prod(shape) != len(values):
            raise ValueError(f"{name}: {len(values)} values for the shape {list(shape)}")
        end = offset + len(values) * values.itemsize
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    # The data begin at a multiple of 8 bytes.
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, values in tensors.values():
            if sys.byteorder == "big":
                values = array(values.typecode, values)
                values.byteswap()
            values.tofile(file)


def uniform(generator, count, low, high):
    draw, width = generator.random, high - low
    values = array("f")
    # In parts: a list of all numbers would take eight times the memory of the array.
    for start in range(0, count, 1 << 16):
        part = min(1 << 16, count - start)
        values.extend([low + width * draw() for _ in range(part)])
    return values


def weights(layers):
    """Weights of the layers of a network in the notation of `workloads.py`, in Quern's names and
    layouts: He's initialisation, from a uniform distribution. Biases are not 0."""
    generator = random.Random(SEED)
    tensors = {}
    for layer in layers:
        if not layer.name:
            continue
        shape = layer.weight_shape
        bound = math.sqrt(6 / math.prod(shape[:-1]))
        tensors[f"{layer.name}.weight"] = (
            "F32", shape, uniform(generator, math.prod(shape), -bound, bound))
        tensors[f"{layer.name}.bias"] = (
            "F32", shape[-1:], uniform(generator, shape[-1], -0.1, 0.1))
    return tensors


def batch(shape, classes, size):
    """A batch of examples of a shape, with labels."""
    generator = random.Random(SEED + 1)
    return {
        "input": ("F32", (size, *shape), uniform(generator, size * math.prod(shape), 0, 1)),
        "labels": ("I32", (size,), array("i", [generator.randrange(classes) for _ in range(size)])),
    }


def write_bare_inputs(folder, size):
    """Inputs that tell the batch's size and nothing else: whoever gets them compiles the step, and
    then ends with an error, since neither labels nor pictures are there."""
    write_safetensors(folder / "weights.safetensors", {"none": ("F32", (1,), array("f", [0]))})
    write_safetensors(
        folder / "batch.safetensors", {"input": ("F32", (size, 1), array("f", bytes(4 * size)))})


def write_data_set(folder, side, classes, count):
    """A folder of IDX files: `count` square pictures to train on, and one to test with."""
    generator = random.Random(SEED + 2)
    for name, pictures in ("train", count), ("t10k", 1):
        pixels = generator.getrandbits(8 * pictures * side * side)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(
            struct.pack(">IIII", 0x803, pictures, side, side)
            + pixels.to_bytes(pictures * side * side, "little"))
        # All classes are there, whatever their number.
        labels = bytes(number % classes for number in range(pictures))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 0x801, pictures) + labels)
