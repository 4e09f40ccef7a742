"""What is timed: networks in a notation that every system builds from, and steps of them.

A network is words: `input:28x28x1` (height, width, channels, or one number for features),
`conv:FILTERS:KERNEL:STRIDE:PADDING`, `dense:UNITS`, `relu`, `maxPool:SIZE` (windows side by side),
`globalAveragePool`, `flatten`. Layers are numbered by kind as Quern does: conv1, conv2, dense1.
Weights are (kernel height, kernel width, channels, filters) and (inputs, outputs).
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    kind: str
    numbers: tuple
    # Of one example, before and after: (H, W, C) or (F,).
    input: tuple
    output: tuple
    # `conv1`; empty where there are no weights.
    name: str = ""

    @property
    def weight_shape(self):
        if self.kind == "conv":
            filters, kernel, _, _ = self.numbers
            return (kernel, kernel, self.input[2], filters)
        return (self.input[0], self.numbers[0])


def parse(text):
    """The input's shape, and the layers."""
    words = text.split()
    head, _, extents = words[0].partition(":")
    if head != "input":
        raise ValueError(f"{text}: a network starts with input:…")
    shape = first = tuple(int(extent) for extent in extents.split("x"))
    layers, counts = [], {}
    for word in words[1:]:
        kind, *numbers = word.split(":")
        numbers = tuple(int(number) for number in numbers)
        name = ""
        if kind in ("conv", "dense"):
            counts[kind] = counts.get(kind, 0) + 1
            name = f"{kind}{counts[kind]}"
        after = output_shape(kind, numbers, shape)
        layers.append(Layer(kind, numbers, shape, after, name))
        shape = after
    return first, layers


def output_shape(kind, numbers, shape):
    if kind == "conv":
        filters, kernel, stride, padding = numbers
        height, width = ((n + 2 * padding - kernel) // stride + 1 for n in shape[:2])
        return (height, width, filters)
    if kind == "maxPool":
        return (shape[0] // numbers[0], shape[1] // numbers[0], shape[2])
    if kind == "globalAveragePool":
        return (shape[2],)
    if kind == "flatten":
        return (math.prod(shape),)
    if kind == "dense":
        return (numbers[0],)
    if kind == "relu":
        return shape
    raise ValueError(f"no such layer: {kind}")


def multiply_adds(text, kind, batch):
    """Of the definition: a training step takes them once more for the weights' gradients, and once more
    for those of what layers read, which the first does not need. Those of padding count."""
    total, is_first = 0, True
    for layer in parse(text)[1]:
        if layer.name:
            positions = math.prod(layer.output[:-1])
            times = 1 if kind == "infer" else 2 if is_first else 3
            total += times * positions * math.prod(layer.weight_shape)
            is_first = False
    return total * batch


def make_weights(text, seed):
    """He's initialisation, in Quern's names and layouts; biases are not 0, to be seen."""
    # Here, since networks are also read where NumPy is not installed.
    import numpy as np

    generator = np.random.default_rng([seed, 1])
    weights = {}
    for layer in parse(text)[1]:
        if layer.name:
            shape = layer.weight_shape
            values = generator.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1]))
            weights[f"{layer.name}.weight"] = values.astype(np.float32)
            biases = 0.05 * generator.standard_normal(shape[-1])
            weights[f"{layer.name}.bias"] = biases.astype(np.float32)
    return weights


def make_batch(text, size, seed):
    import numpy as np

    shape, layers = parse(text)
    generator = np.random.default_rng([seed, 2])
    return {
        "input": generator.random((size, *shape), dtype=np.float32),
        "labels": generator.integers(0, layers[-1].output[0], size, dtype=np.int32),
    }


def mlp(inputs, *units):
    return f"input:{inputs} " + " relu ".join(f"dense:{n}" for n in units)


NETWORKS = {
    "fc": mlp(784, 1000, 10),
    "ciresan-1": mlp(841, 1000, 500, 10),
    "ciresan-4": mlp(841, 2500, 2000, 1500, 1000, 500, 10),
    "lenet": "input:28x28x1 conv:32:5:1:2 relu maxPool:2 conv:64:5:1:2 relu maxPool:2 "
    "flatten dense:512 relu dense:10",
    "vgg": "input:32x32x3 conv:64:3:1:1 relu conv:64:3:1:1 relu maxPool:2 "
    "conv:128:3:1:1 relu conv:128:3:1:1 relu maxPool:2 "
    "conv:256:3:1:1 relu conv:256:3:1:1 relu maxPool:2 flatten dense:512 relu dense:10",
    # Extents that suit nobody's registers.
    "odd-mlp": mlp(1013, 617, 233, 5),
    "odd-conv": "input:19x23x3 conv:37:3:1:1 relu maxPool:2 conv:53:3:1:1 relu "
    "flatten dense:101 relu dense:5",
    "strided": "input:45x31x1 conv:24:7:2:3 relu conv:37:5:2:2 relu conv:61:3:1:1 relu "
    "globalAveragePool dense:7",
    "pointwise": "input:14x14x37 conv:148:1:1:0 relu conv:37:3:1:1 relu conv:148:1:1:0 relu "
    "globalAveragePool dense:5",
    # LeCun et al., 1998, with what is used today between its layers: 6 and 16 channels.
    "lenet-5": "input:32x32x1 conv:6:5:1:0 relu maxPool:2 conv:16:5:1:0 relu maxPool:2 "
    "flatten dense:120 relu dense:84 relu dense:10",
    # Long sums: over thousands of positions, over a long batch, over many inputs.
    "bottleneck": "input:28x28x64 conv:64:1:1:0 relu conv:256:1:1:0 relu conv:128:3:2:1 relu "
    "globalAveragePool dense:10",
    "wide": mlp(2048, 4096, 2048, 10),
}


@dataclass(frozen=True)
class Workload:
    network: str
    kind: str  # train (forward, backward, SGD) or infer
    batch: int

    @property
    def title(self):
        return f"{self.network} {self.kind} {self.batch}"


WORKLOADS = [
    Workload("fc", "train", 128),
    Workload("ciresan-1", "train", 128),
    Workload("ciresan-4", "train", 128),
    Workload("lenet", "train", 128),
    Workload("vgg", "train", 128),
    Workload("fc", "infer", 1),
    Workload("lenet", "infer", 1),
    Workload("vgg", "infer", 1),
    Workload("odd-mlp", "train", 100),
    Workload("odd-conv", "train", 7),
    Workload("odd-conv", "infer", 1),
    Workload("strided", "train", 100),
    Workload("pointwise", "train", 7),
    Workload("lenet-5", "train", 32),
    Workload("bottleneck", "train", 16),
    Workload("wide", "train", 512),
    Workload("wide", "infer", 8),
    # A few examples at a time, as on a stream of them.
    Workload("ciresan-4", "train", 1),
    Workload("ciresan-4", "train", 8),
    Workload("lenet", "train", 1),
    Workload("lenet", "train", 8),
    Workload("vgg", "train", 4),
]
