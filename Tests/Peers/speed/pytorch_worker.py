"""PyTorch: `eager` or `compile`, either with `-channels-last`."""

import time

import torch
from safetensors.torch import load_file
from torch import nn

import worker
from workloads import parse


class GlobalAveragePool(nn.Module):
    def forward(self, pictures):
        return pictures.mean(dim=(2, 3))


class FlattenChannelsLast(nn.Module):
    """Free where pictures are kept channels last."""

    def forward(self, pictures):
        return pictures.permute(0, 2, 3, 1).flatten(1)


def build(job, channels_last):
    weights = load_file(job.weights)
    layers, flattened = [], None
    for layer in parse(job.network)[1]:
        if layer.kind == "conv":
            filters, kernel, stride, padding = layer.numbers
            module = nn.Conv2d(layer.input[2], filters, kernel, stride=stride, padding=padding)
            weight = weights[f"{layer.name}.weight"].permute(3, 2, 0, 1)
        elif layer.kind == "dense":
            module = nn.Linear(layer.input[0], layer.numbers[0])
            weight = weights[f"{layer.name}.weight"]
            if flattened and not channels_last:
                # Features come as (C, H, W) then: the weights follow.
                weight = weight.unflatten(0, flattened).permute(2, 0, 1, 3).flatten(0, 2)
            weight, flattened = weight.t(), None
        else:
            if layer.kind == "flatten" and len(layer.input) == 3:
                flattened = layer.input
            module = {
                "relu": lambda: nn.ReLU(inplace=True),
                "maxPool": lambda: nn.MaxPool2d(layer.numbers[0]),
                "globalAveragePool": GlobalAveragePool,
                "flatten": FlattenChannelsLast if channels_last else nn.Flatten,
            }[layer.kind]()
        if layer.name:
            with torch.no_grad():
                module.weight.copy_(weight)
                module.bias.copy_(weights[f"{layer.name}.bias"])
        layers.append(module)
    model = nn.Sequential(*layers)
    return model.to(memory_format=torch.channels_last) if channels_last else model


def main():
    job = worker.arguments()
    torch.set_num_threads(job.threads)
    torch.set_num_interop_threads(1)
    mode, _, layout = job.variant.partition("-")
    channels_last = layout == "channels-last"
    model = build(job, channels_last)
    batch = load_file(job.batch)
    values, labels = batch["input"], batch["labels"].long()
    if values.dim() == 4:
        layout = torch.channels_last if channels_last else torch.contiguous_format
        values = values.permute(0, 3, 1, 2).contiguous(memory_format=layout)
    last = None
    durations = []

    if job.step == "train":
        optimizer = torch.optim.SGD(model.parameters(), lr=worker.LEARNING_RATE, fused=True)

        def loss_of(values, labels):
            return nn.functional.cross_entropy(model(values), labels)

        if mode == "compile":
            loss_of = torch.compile(loss_of)

        def step():
            nonlocal last
            optimizer.zero_grad(set_to_none=True)
            last = loss_of(values, labels)
            last.backward()
            optimizer.step()
    else:
        model.eval().requires_grad_(False)
        run = model
        if mode == "compile":
            import torch._inductor.config as inductor

            # Weights become constants, packed for the kernels; calls go without Python.
            inductor.freezing = True
            inductor.cpp_wrapper = True
            run = torch.compile(model)

        @torch.inference_mode()
        def step():
            nonlocal last
            last = run(values)

    def timed():
        start = time.perf_counter()
        step()
        durations.append(time.perf_counter() - start)

    # The first step compiles; a later one tells how much of it was the step itself.
    timed_step = timed if mode == "compile" else step

    def compile_seconds():
        return durations[0] - min(durations[1:], default=0)

    worker.serve(
        job, timed_step, lambda: last.detach().numpy(), f"PyTorch {torch.__version__}",
        compile_seconds if mode == "compile" else None)


if __name__ == "__main__":
    main()
