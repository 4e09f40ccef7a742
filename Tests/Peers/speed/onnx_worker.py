"""ONNX Runtime, for inference; inputs and outputs stay where they are bound."""

import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

import worker
from workloads import parse


def build(job, batch_size):
    """A model for pictures (N, C, H, W), the layout of the runtime's own kernels."""
    shape, layers = parse(job.network)
    weights = load_file(job.weights)
    nodes, constants, flattened, last = [], [], None, "input"

    def add(operator, inputs, **attributes):
        nonlocal last
        output = f"value{len(nodes)}"
        nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        last = output

    def constant(name, values):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    for layer in layers:
        if layer.name:
            weight = weights[f"{layer.name}.weight"]
            bias = constant(f"{layer.name}.bias", weights[f"{layer.name}.bias"])
        if layer.kind == "conv":
            _, kernel, stride, padding = layer.numbers
            name = constant(f"{layer.name}.weight", weight.transpose(3, 2, 0, 1))
            add(
                "Conv", [last, name, bias], kernel_shape=[kernel] * 2, strides=[stride] * 2,
                pads=[padding] * 4)
        elif layer.kind == "dense":
            if flattened:
                # Features come as (C, H, W): the weights follow.
                weight = weight.reshape(*flattened, -1).transpose(2, 0, 1, 3)
                weight = weight.reshape(layer.input[0], -1)
                flattened = None
            add("Gemm", [last, constant(f"{layer.name}.weight", weight), bias])
        elif layer.kind == "relu":
            add("Relu", [last])
        elif layer.kind == "maxPool":
            size = [layer.numbers[0]] * 2
            add("MaxPool", [last], kernel_shape=size, strides=size)
        elif layer.kind == "globalAveragePool":
            add("GlobalAveragePool", [last])
            add("Flatten", [last])
        elif layer.kind == "flatten":
            flattened = layer.input if len(layer.input) == 3 else None
            add("Flatten", [last])
        else:
            raise ValueError(f"no such layer: {layer.kind}")
    if len(shape) == 3:
        shape = (shape[2], shape[0], shape[1])
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "network", [tensor("input", TensorProto.FLOAT, [batch_size, *shape])],
        [tensor(last, TensorProto.FLOAT, [batch_size, layers[-1].output[0]])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString(), last


def main():
    job = worker.arguments()
    if job.step != "infer":
        raise SystemExit("ONNX Runtime is compared in inference only")
    values = load_file(job.batch)["input"]
    if values.ndim == 4:
        values = np.ascontiguousarray(values.transpose(0, 3, 1, 2))
    model, output = build(job, len(values))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job.threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    start = time.perf_counter()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    seconds = time.perf_counter() - start
    binding = session.io_binding()
    source = onnxruntime.OrtValue.ortvalue_from_numpy(values)
    target = onnxruntime.OrtValue.ortvalue_from_shape_and_type(
        session.get_outputs()[0].shape, np.float32)
    binding.bind_ortvalue_input("input", source)
    binding.bind_ortvalue_output(output, target)
    worker.serve(
        job, lambda: session.run_with_iobinding(binding), lambda: target.numpy(),
        f"ONNX Runtime {onnxruntime.__version__}", lambda: seconds)


if __name__ == "__main__":
    main()
