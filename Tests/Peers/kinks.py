"""Finds examples that lie on a kink.

ReLU at 0 and max-pooling at a tie have no derivative, and next to them rounding decides which side a
value falls on: two correct systems then differ by far more than rounding. Comparisons take examples
that are clear of kinks; of a network with hundreds of thousands of activations many are not.
"""

import torch
from torch import nn

# Of a layer's root mean square; some hundred times float32's precision, for fast convolutions round
# more than direct sums.
MARGIN = 8e-6


def near_kinks(model, values):
    """For each example, whether a ReLU or a max-pooling of the model is too close to its kink."""
    found = torch.zeros(len(values), dtype=torch.bool)

    def mark(close):
        found.logical_or_(close.flatten(1).any(1))

    def at_relu(layer, inputs):
        a = inputs[0]
        mark(a.abs() < MARGIN * a.square().mean().sqrt())

    def at_pool(layer, inputs):
        a = inputs[0]
        size = layer.kernel_size
        windows = a.unfold(2, size, size).unfold(3, size, size).flatten(4)
        best = windows.topk(2).values
        # Zeros that ReLU made are equal and pass no gradient on.
        close = best[..., 0] - best[..., 1] < MARGIN * a.square().mean().sqrt()
        mark(close & (best[..., 0] > 0))

    handles = []
    for layer in model.modules():
        if isinstance(layer, nn.ReLU):
            handles.append(layer.register_forward_pre_hook(at_relu))
        elif isinstance(layer, nn.MaxPool2d):
            handles.append(layer.register_forward_pre_hook(at_pool))
    try:
        with torch.no_grad():
            model(values)
    finally:
        for handle in handles:
            handle.remove()
    return found
