"""Quern's built-in models, written out in PyTorch.

Layers bear Quern's names, so that a parameter here and a tensor there are matched by name.
PyTorch keeps pictures (N, C, H, W) and other layouts of the weights; `to_quern` and `from_quern`
convert, and `Flatten` puts the features into Quern's order.
"""

from collections import OrderedDict

import numpy as np
import torch
from torch import nn


class Flatten(nn.Module):
    """(N, C, H, W) → (N, H·W·C): channels last, as Quern's pictures are."""

    def forward(self, pictures):
        return pictures.permute(0, 2, 3, 1).flatten(1)


class ScaledTanh(nn.Module):
    """1.7159 · tanh(0.6666 · a)."""

    def forward(self, values):
        return 1.7159 * torch.tanh(0.6666 * values)


class GlobalAveragePool(nn.Module):
    """(N, C, H, W) → (N, C)."""

    def forward(self, pictures):
        return pictures.mean(dim=(2, 3))


class Residual(nn.Module):
    """body(a) + shortcut(a). The body's layers are attributes: their names have no `body` in them."""

    def __init__(self, body, shortcut=None):
        super().__init__()
        self.order = list(body)
        for name, layer in body.items():
            self.add_module(name, layer)
        self.shortcut = chain(**shortcut) if shortcut else nn.Identity()

    def forward(self, values):
        result = values
        for name in self.order:
            result = getattr(self, name)(result)
        return result + self.shortcut(values)


class CounterRandom:
    """Quern's random numbers: a hash of a position and a counter; each call takes new positions."""

    def __init__(self, counter):
        self.counter = np.array([counter], np.int32).view(np.uint32)
        self.position = 0

    @staticmethod
    def hash(x):
        x = x ^ (x >> np.uint32(16))
        x = x * np.uint32(0x7FEB352D)
        x = x ^ (x >> np.uint32(15))
        x = x * np.uint32(0x846CA68B)
        return x ^ (x >> np.uint32(16))

    def uniform(self, shape):
        count = int(np.prod(shape))
        positions = np.arange(self.position, self.position + count, dtype=np.uint32)
        self.position += count
        bits = self.hash(positions ^ self.hash(self.counter))
        return ((bits >> np.uint32(8)).astype(np.float32) * np.float32(2**-24)).reshape(shape)


class Dropout(nn.Module):
    """Inverted dropout with Quern's random numbers. `random` is shared by a model's layers."""

    random = None

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, values):
        if values.dim() == 4:
            n, c, h, w = values.shape
            random = self.random.uniform((n, h, w, c)).transpose(0, 3, 1, 2)
        else:
            random = self.random.uniform(tuple(values.shape))
        keep = torch.from_numpy(np.ascontiguousarray(random >= np.float32(self.rate)))
        return torch.where(keep, values * (1 / (1 - self.rate)), torch.zeros_like(values))


def chain(**layers):
    return nn.Sequential(OrderedDict(layers))


# MARK: The models


def digits_conv():
    return chain(
        conv1=nn.Conv2d(1, 32, 3, padding=1),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(32, 32, 3, padding=1),
        relu2=nn.ReLU(),
        maxPool1=nn.MaxPool2d(2),
        conv3=nn.Conv2d(32, 64, 3, padding=1),
        relu3=nn.ReLU(),
        dropout1=Dropout(0.25),
        flatten1=Flatten(),
        dense1=nn.Linear(4 * 4 * 64, 128),
        relu4=nn.ReLU(),
        dropout2=Dropout(0.5),
        dense2=nn.Linear(128, 10),
    )


def fc():
    return chain(dense1=nn.Linear(784, 1000), relu1=nn.ReLU(), dense2=nn.Linear(1000, 10))


CIRESAN = {
    1: [1000, 500],
    2: [1500, 1000, 500],
    3: [2000, 1500, 1000, 500],
    4: [2500, 2000, 1500, 1000, 500],
    5: [1000] * 9,
}


def ciresan(number, activation="scaled-tanh"):
    layers = {}
    inputs = 29 * 29
    for place, units in enumerate(CIRESAN[number], start=1):
        layers[f"dense{place}"] = nn.Linear(inputs, units)
        layers[f"activation{place}"] = nn.ReLU() if activation == "relu" else ScaledTanh()
        inputs = units
    layers[f"dense{len(CIRESAN[number]) + 1}"] = nn.Linear(inputs, 10)
    return chain(**layers)


def lenet():
    return chain(
        conv1=nn.Conv2d(1, 32, 5, padding=2),
        relu1=nn.ReLU(),
        maxPool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(32, 64, 5, padding=2),
        relu2=nn.ReLU(),
        maxPool2=nn.MaxPool2d(2),
        flatten1=Flatten(),
        dense1=nn.Linear(7 * 7 * 64, 512),
        relu3=nn.ReLU(),
        dense2=nn.Linear(512, 10),
    )


def vgg():
    return chain(
        conv1=nn.Conv2d(3, 64, 3, padding=1),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(64, 64, 3, padding=1),
        relu2=nn.ReLU(),
        maxPool1=nn.MaxPool2d(2),
        conv3=nn.Conv2d(64, 128, 3, padding=1),
        relu3=nn.ReLU(),
        conv4=nn.Conv2d(128, 128, 3, padding=1),
        relu4=nn.ReLU(),
        maxPool2=nn.MaxPool2d(2),
        conv5=nn.Conv2d(128, 256, 3, padding=1),
        relu5=nn.ReLU(),
        conv6=nn.Conv2d(256, 256, 3, padding=1),
        relu6=nn.ReLU(),
        maxPool3=nn.MaxPool2d(2),
        flatten1=Flatten(),
        dense1=nn.Linear(4 * 4 * 256, 512),
        relu7=nn.ReLU(),
        dense2=nn.Linear(512, 10),
    )


def residual_block(channels, filters, stride):
    body = dict(
        conv1=nn.Conv2d(channels, filters, 3, stride=stride, padding=1, bias=False),
        batchNorm1=nn.BatchNorm2d(filters),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(filters, filters, 3, padding=1, bias=False),
        batchNorm2=nn.BatchNorm2d(filters),
    )
    if stride == 1:
        return Residual(body)
    shortcut = dict(
        conv1=nn.Conv2d(channels, filters, 1, stride=stride, bias=False),
        batchNorm1=nn.BatchNorm2d(filters),
    )
    return Residual(body, shortcut)


def resnet8():
    return chain(
        conv1=nn.Conv2d(1, 16, 3, padding=1, bias=False),
        batchNorm1=nn.BatchNorm2d(16),
        relu1=nn.ReLU(),
        residual1=residual_block(16, 16, stride=1),
        relu2=nn.ReLU(),
        residual2=residual_block(16, 32, stride=2),
        relu3=nn.ReLU(),
        residual3=residual_block(32, 64, stride=2),
        relu4=nn.ReLU(),
        globalAveragePool1=GlobalAveragePool(),
        dense1=nn.Linear(64, 10),
    )


# By Quern's names: what makes the model, and an example's shape as Quern has it.
MODELS = {
    "digits-conv": (digits_conv, (8, 8, 1)),
    "fc": (fc, (784,)),
    **{f"ciresan-{n}": (lambda n=n, **options: ciresan(n, **options), (841,)) for n in CIRESAN},
    "lenet": (lenet, (28, 28, 1)),
    "vgg": (vgg, (32, 32, 3)),
    "resnet8": (resnet8, (28, 28, 1)),
}


# MARK: Layouts


def quern_parameters(model):
    """(Quern's name, layer, parameter) of every trained tensor, in the order of the layers."""
    for path, layer in model.named_modules():
        for name, parameter in layer.named_parameters(recurse=False):
            if isinstance(layer, nn.BatchNorm2d):
                name = {"weight": "scale", "bias": "shift"}[name]
            yield f"{path}.{name}", layer, parameter


def to_quern(layer, tensor):
    """Linear (T, C) → (C, T); Conv2d (T, C, I, J) → (I, J, C, T); vectors stay."""
    if isinstance(layer, nn.Linear) and tensor.dim() == 2:
        return tensor.t()
    if isinstance(layer, nn.Conv2d) and tensor.dim() == 4:
        return tensor.permute(2, 3, 1, 0)
    return tensor


def from_quern(layer, tensor):
    """The way back."""
    if isinstance(layer, nn.Linear) and tensor.dim() == 2:
        return tensor.t()
    if isinstance(layer, nn.Conv2d) and tensor.dim() == 4:
        return tensor.permute(3, 2, 0, 1)
    return tensor


def load(model, weights):
    """Copies weights in Quern's names and layouts into a model."""
    with torch.no_grad():
        for name, layer, parameter in quern_parameters(model):
            parameter.copy_(from_quern(layer, torch.from_numpy(weights[name])))


def pictures_to_torch(values):
    """(N, H, W, C) → (N, C, H, W); features stay."""
    return values.permute(0, 3, 1, 2) if values.dim() == 4 else values
