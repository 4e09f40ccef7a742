"""What is compared: steps of networks, chosen by name."""

import sys
from pathlib import Path

PEERS = Path(__file__).resolve().parents[1] / "Peers"
sys.path[:0] = [str(PEERS), str(PEERS / "speed")]
from workloads import NETWORKS, WORKLOADS, Workload  # noqa: E402

# Built-in models that the notation has no words for; only their training can be compared.
MODELS = ("resnet8",)

DEFAULT = (
    Workload("fc", "train", 128),
    Workload("ciresan-4", "train", 128),
    Workload("lenet", "train", 128),
    Workload("vgg", "train", 128),
    Workload("resnet8", "train", 128),
    Workload("odd-conv", "train", 7),
    Workload("bottleneck", "train", 16),
    Workload("lenet", "infer", 1),
    Workload("vgg", "infer", 1),
)


class UnknownStep(Exception):
    pass


def chosen(name):
    """The steps that a name stands for: `lenet` (all of the default list, or else those of the
    comparison with other systems), `lenet:train`, `lenet:train:8`."""
    network, *rest = name.split(":")
    if network not in NETWORKS and network not in MODELS:
        raise UnknownStep(
            f"{name}: no network {network!r}; there are {', '.join((*NETWORKS, *MODELS))}")
    kind = rest[0] if rest else None
    if kind not in (None, "train", "infer"):
        raise UnknownStep(f"{name}: a step is 'train' or 'infer', not {kind!r}")
    if kind == "infer" and network in MODELS:
        raise UnknownStep(f"{name}: of {network} only training can be compared")
    if len(rest) == 2:
        if not rest[1].isascii() or not rest[1].isdigit() or not 1 <= int(rest[1]) <= 65536:
            raise UnknownStep(f"{name}: the batch is {rest[1]!r}; give a number from 1 to 65536")
        return [Workload(network, kind, int(rest[1]))]
    if len(rest) > 2:
        raise UnknownStep(f"{name}: give NETWORK, NETWORK:STEP or NETWORK:STEP:BATCH")
    for known in DEFAULT, WORKLOADS:
        found = [w for w in known if w.network == network and kind in (None, w.kind)]
        if found:
            return found
    raise UnknownStep(f"{name}: give the batch too, as in {network}:{kind}:1")


def all_chosen(names):
    """The steps of several names, each once; the default list for none."""
    if not names:
        return list(DEFAULT)
    return list(dict.fromkeys(step for name in names for step in chosen(name)))
