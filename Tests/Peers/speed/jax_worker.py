"""JAX, jit-compiled; weights are donated, so that updates happen in place."""

import time

import jax
import jax.numpy as jnp
from jax import lax
from safetensors.numpy import load_file

import worker
from workloads import parse


def forward(layers, weights, values):
    for layer in layers:
        if layer.kind == "conv":
            _, _, stride, padding = layer.numbers
            values = lax.conv_general_dilated(
                values, weights[f"{layer.name}.weight"], (stride, stride), [(padding, padding)] * 2,
                dimension_numbers=("NHWC", "HWIO", "NHWC")) + weights[f"{layer.name}.bias"]
        elif layer.kind == "dense":
            values = values @ weights[f"{layer.name}.weight"] + weights[f"{layer.name}.bias"]
        elif layer.kind == "relu":
            values = jax.nn.relu(values)
        elif layer.kind == "maxPool":
            # Windows lie side by side: a maximum over two axes, whose gradient is far faster here
            # than that of `reduce_window`.
            size = layer.numbers[0]
            height, width, channels = layer.output
            values = values[:, : height * size, : width * size]
            values = values.reshape(-1, height, size, width, size, channels).max(axis=(2, 4))
        elif layer.kind == "globalAveragePool":
            values = values.mean(axis=(1, 2))
        elif layer.kind == "flatten":
            values = values.reshape(values.shape[0], -1)
        else:
            raise ValueError(f"no such layer: {layer.kind}")
    return values


def main():
    job = worker.arguments()
    # A step is waited for in any case; without the second thread it starts sooner.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    layers = parse(job.network)[1]
    weights = jax.device_put(load_file(job.weights))
    batch = load_file(job.batch)
    values, labels = jax.device_put(batch["input"]), jax.device_put(batch["labels"])
    last = None

    def loss_of(weights, values, labels):
        logs = jax.nn.log_softmax(forward(layers, weights, values))
        return -jnp.take_along_axis(logs, labels[:, None], axis=1).mean()

    def train(weights, values, labels):
        loss, gradients = jax.value_and_grad(loss_of)(weights, values, labels)
        update = lambda weight, gradient: weight - worker.LEARNING_RATE * gradient
        return jax.tree.map(update, weights, gradients), loss

    start = time.perf_counter()
    if job.step == "train":
        run = jax.jit(train, donate_argnums=0).lower(weights, values, labels).compile()
    else:
        run = jax.jit(lambda w, v: forward(layers, w, v)).lower(weights, values).compile()
    seconds = time.perf_counter() - start

    def train_step():
        nonlocal last, weights
        weights, last = run(weights, values, labels)
        # Updates may come after the loss.
        jax.block_until_ready((weights, last))

    def infer_step():
        nonlocal last
        last = run(weights, values).block_until_ready()

    worker.serve(
        job, train_step if job.step == "train" else infer_step, lambda: last,
        f"JAX {jax.__version__}", lambda: seconds)


if __name__ == "__main__":
    main()
