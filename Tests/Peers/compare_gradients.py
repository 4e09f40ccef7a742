"""Compares loss and gradients of Quern's built-in models with PyTorch's.

For each model: weights and a batch, made from a seed, are written as safetensors in Quern's names
and layouts; `quern gradient` computes loss and gradients on each variant (a backend and a target);
PyTorch computes them in double and in single precision. An error is the largest difference from
PyTorch's double precision, relative to the tensor's largest value there.
"""

import argparse
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

import quern
from kinks import near_kinks
from models import (
    MODELS, CounterRandom, Dropout, load, pictures_to_torch, quern_parameters, to_quern)

# The activation is an argument of these models, so they come twice.
CASES = [(name, []) for name in MODELS] + [
    (f"ciresan-{n}", ["--activation", "relu"]) for n in (1, 4)]


def make_model(name, options):
    build, _ = MODELS[name]
    return build(activation=options[1]) if options else build()


def make_weights(model, generator):
    """Gaussian, with variances that keep values at one size over the layers; nothing is 0 or 1, so
    that no mistake hides behind it."""
    weights = {}
    for name, layer, parameter in quern_parameters(model):
        shape = tuple(to_quern(layer, parameter).shape)
        normal = generator.standard_normal(shape)
        kind = name.rsplit(".", 1)[1]
        if kind == "weight":
            fan_in = int(np.prod(shape[:-1]))
            normal *= np.sqrt(1.5 / fan_in)
        elif kind == "scale":
            normal = 1 + 0.2 * normal
        else:
            normal *= 0.1
        weights[name] = normal.astype(np.float32)
    return weights


def loaded_model(name, options, weights, counter, precision):
    """For one forward pass: dropout takes its random numbers in turn."""
    model = make_model(name, options).to(precision).train()
    load(model, weights)
    random = CounterRandom(counter)
    for layer in model.modules():
        if isinstance(layer, Dropout):
            layer.random = random
    return model


def make_input(name, options, weights, counter, count, generator):
    """Random examples; those at a kink are replaced until none is."""
    values = generator.random((count, *MODELS[name][1]), dtype=np.float32)
    for _ in range(300):
        model = loaded_model(name, options, weights, counter, torch.float64)
        pictures = pictures_to_torch(torch.from_numpy(values).double())
        bad = near_kinks(model, pictures).numpy()
        if not bad.any():
            return values
        values[bad] = generator.random((bad.sum(), *values.shape[1:]), dtype=np.float32)
    raise SystemExit(f"{name}: no {count} examples are clear of kinks; give a smaller --batch")


def torch_gradients(name, options, weights, counter, batch, precision):
    """Loss and gradients by name, in Quern's layouts, as float64 arrays."""
    model = loaded_model(name, options, weights, counter, precision)
    pictures = pictures_to_torch(torch.from_numpy(batch["input"]).to(precision))
    loss = torch.nn.functional.cross_entropy(
        model(pictures), torch.from_numpy(batch["labels"]).long())
    loss.backward()
    result = {"loss": loss.detach()}
    for parameter_name, layer, parameter in quern_parameters(model):
        result[parameter_name] = to_quern(layer, parameter.grad)
    return {key: np.asarray(value.double().numpy()) for key, value in result.items()}


def quern_gradients(name, options, directory, variant, threads):
    backend, target = variant
    output = directory / "gradients.safetensors"
    output.unlink(missing_ok=True)
    quern.run(
        "gradient", name, *options, "--weights", directory / "weights.safetensors",
        "--batch", directory / "batch.safetensors", "--output", output,
        "--backend", backend, "--threads", threads, *(["--target", target] if target else []))
    return {key: value.astype(np.float64) for key, value in load_file(output).items()}


def error(found, expected):
    """The largest difference, relative to the largest expected value."""
    if found is None or found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    difference, largest = np.abs(found - expected).max(), np.abs(expected).max()
    if difference == 0:
        return 0.0
    return float(difference / largest) if largest > 0 else float("inf")


def compare(name, options, variants, arguments):
    """The tensors' names, and a dictionary of errors by name for PyTorch's float32 and each
    variant."""
    title = " ".join([name, *options])
    generator = np.random.default_rng([arguments.seed, zlib.crc32(title.encode())])
    weights = make_weights(make_model(name, options), generator)
    counter = int(generator.integers(0, 2**30))
    batch = {
        "input": make_input(name, options, weights, counter, arguments.batch, generator),
        "labels": generator.integers(0, 10, arguments.batch, dtype=np.int32),
    }
    expected = torch_gradients(name, options, weights, counter, batch, torch.float64)
    single = torch_gradients(name, options, weights, counter, batch, torch.float32)
    columns = {"PyTorch float32": {key: error(single[key], expected[key]) for key in expected}}
    file = dict(weights)
    if any(isinstance(layer, Dropout) for layer in make_model(name, options).modules()):
        # Where the dropout masks' random numbers start.
        file["random.counter"] = np.array(counter, np.int32)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        save_file(file, directory / "weights.safetensors")
        save_file(batch, directory / "batch.safetensors")
        for variant in variants:
            label = " ".join(filter(None, variant))
            try:
                found = quern_gradients(name, options, directory, variant, arguments.threads)
            except quern.QuernError as problem:
                print(f"{title}, {label}: {problem}", file=sys.stderr)
                columns[label] = {key: float("inf") for key in expected}
                continue
            columns[label] = {key: error(found.get(key), expected[key]) for key in expected}
            for key in found.keys() - expected.keys():
                print(f"{title}, {label}: {key} is not in PyTorch's model", file=sys.stderr)
                columns[label][key] = float("inf")
    return title, list(expected), columns


def parse_variant(text):
    """`tinycc/avx2`, `cc/portable`, `interpreter`."""
    backend, _, target = text.partition("/")
    return backend, target


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("models", nargs="*", help="built-in models (default: all)")
    parser.add_argument("--batch", type=int, default=13, help="examples (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="Quern's (default: %(default)s)")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="default: %(default)s")
    parser.add_argument(
        "--variants", nargs="+", type=parse_variant, metavar="BACKEND/TARGET",
        help="such as tinycc/avx2 or interpreter (default: TinyCC on all that this machine has)")
    parser.add_argument("--tensors", action="store_true", help="print every tensor's errors")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    if arguments.batch < 2:
        parser.error("--batch: batch normalisation needs at least 2 examples")

    known = {row["name"]: row for row in quern.models()}
    unknown = [name for name in arguments.models if name not in MODELS]
    if unknown:
        parser.error(f"no such model: {', '.join(unknown)}; there are {', '.join(MODELS)}")
    cases = [case for case in CASES if not arguments.models or case[0] in arguments.models]
    variants = arguments.variants or [("tinycc", target) for target in quern.targets()]
    labels = ["PyTorch float32"] + [" ".join(filter(None, variant)) for variant in variants]

    failures = []
    # A model that Quern has and PyTorch's side lacks would go unchecked.
    if not arguments.models:
        for name in known.keys() - MODELS.keys():
            failures.append(f"{name}: models.py does not have it")
    print(
        f"Largest error relative to the tensor's largest value, against PyTorch "
        f"{torch.__version__} in float64; batch {arguments.batch}, seed {arguments.seed}, "
        f"tolerance {arguments.tolerance:g}\n")
    width = max(len(" ".join([name, *options])) for name, options in cases)
    if arguments.tensors:
        width = max(width, 36)
    header = f"{'model':{width}}  {'tensors':>7}  " + "  ".join(f"{x:>16}" for x in labels)
    print(header + "\n" + "─" * len(header), flush=True)
    for name, options in cases:
        title, tensors, columns = compare(name, options, variants, arguments)
        if len(columns["PyTorch float32"]) == 0:
            failures.append(f"{title}: nothing was compared")
        worst = {label: max(columns[label].values()) for label in labels}
        row = f"{title:{width}}  {len(tensors):>7}  "
        print(row + "  ".join(f"{worst[label]:>16.1e}" for label in labels), flush=True)
        if arguments.tensors:
            for tensor in tensors:
                row = f"  {tensor:{width - 2}}  {'':7}  "
                print(row + "  ".join(f"{columns[label][tensor]:>16.1e}" for label in labels))
        for label in labels[1:]:
            for tensor, value in columns[label].items():
                if not value <= arguments.tolerance:
                    failures.append(f"{title}, {label}: {tensor}: {value:.1e}")
    print()
    if failures:
        print(f"{len(failures)} beyond the tolerance:", *failures, sep="\n  ")
        sys.exit(1)
    print(f"All of {len(cases)} networks within the tolerance, on {', '.join(labels[1:])}.")


if __name__ == "__main__":
    main()
