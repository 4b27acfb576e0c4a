"""Writes the neutral description as an ONNX file. Frames come channels last; the graph transposes them.

python onnx_graph.py WORKLOAD FILE
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from description import (
    Array,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalAverage,
    Gru,
    Layer,
    Lstm,
    MaxPool,
    Relu,
    Shape,
    output_shape,
    weights,
    with_shapes,
)
from onnx import TensorProto, helper, numpy_helper
from workloads import WORKLOADS, Workload

_OPSET, _IR = 17, 8


def export(workload: Workload, file: Path) -> None:
    """Writes the model, checked, with the description's weights."""
    graph = _Graph(workload)
    for (layer, shape), arrays in zip(
        with_shapes(workload.layers, workload.shape[1:]),
        weights(workload.layers, workload.shape[1:]),
        strict=True,
    ):
        graph.add(layer, shape, arrays)
    model = graph.finish()
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


class _Graph:
    """Nodes and constants so far, and the name of the last result."""

    def __init__(self, workload: Workload) -> None:
        self.batch, self.workload = workload.shape[0], workload
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.last = "x"
        #: From the order (height, width, channels) of features to the order they have after a Flatten here.
        self.order: Array | None = None
        #: Recurrent layers of ONNX want time first.
        self.time_first = False
        frames = workload.shape[-3:]
        if workload.is_clip:
            self.node("Reshape", self.constant(np.array([-1, *frames])))
        if len(workload.shape) >= 4:
            self.node("Transpose", perm=[0, 3, 1, 2])

    def constant(self, array: Array) -> str:
        name = f"constant{len(self.constants)}"
        kind = np.float32 if array.dtype.kind == "f" else np.int64
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array, kind), name))
        return name

    def node(self, kind: str, *inputs: str, outputs: list[str] | None = None, **attributes: Any) -> None:
        name = f"{kind.lower()}{len(self.nodes)}"
        outputs = [name] if outputs is None else [name if output == "last" else output for output in outputs]
        self.nodes.append(helper.make_node(kind, [self.last, *inputs], outputs, **attributes))
        self.last = name

    def add(self, layer: Layer, shape: Shape, arrays: list[Array]) -> None:
        match layer:
            case Conv():
                self.convolution(layer, shape, arrays)
            case BatchNorm():
                self.node("BatchNormalization", *map(self.constant, arrays), epsilon=1e-3)
            case Relu():
                self.node("Relu")
            case MaxPool():
                self.node("MaxPool", kernel_shape=[layer.size] * 2, strides=[layer.size] * 2)
            case GlobalAverage():
                self.node("GlobalAveragePool")
                self.node("Reshape", self.constant(np.array([self.batch, shape[-1]])))
            case Flatten():
                height, width, channels = shape[-3:]
                self.order = np.arange(height * width * channels).reshape(height, width, channels)
                self.order = self.order.transpose(2, 0, 1).ravel()
                self.node("Reshape", self.constant(np.array([self.batch, *output_shape(layer, shape)])))
            case Lstm() | Gru():
                self.recurrent(layer, arrays)
            case Dense():
                self.node("Gemm", self.constant(self.reordered(arrays[0])), self.constant(arrays[1]))
                if layer.activation:
                    self.node(layer.activation.capitalize())
            case Dropout():
                pass

    def convolution(self, layer: Conv, shape: Shape, arrays: list[Array]) -> None:
        before = after = 0
        if layer.padding == "same":
            assert layer.strides == 1
            before, after = (layer.kernel - 1) // 2, layer.kernel // 2
        self.node(
            "Conv",
            self.constant(arrays[0].transpose(3, 2, 0, 1)),
            *map(self.constant, arrays[1:]),
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.strides] * 2,
            pads=[before, before, after, after],
            group=shape[-1] if layer.depthwise else 1,
        )
        if layer.relu:
            self.node("Relu")

    def recurrent(self, layer: Lstm | Gru, arrays: list[Array]) -> None:
        """Keras's gates i, f, c, o to ONNX's i, o, f, c; those of the GRU are in one order."""
        lstm = isinstance(layer, Lstm)

        def gates(array: Array) -> Array:
            i, f, c, o = np.split(array, 4, axis=-1)
            return np.concatenate([i, o, f, c], axis=-1)

        kernel, recurrent, bias = self.reordered(arrays[0]), arrays[1], arrays[2]
        if lstm:
            kernel, recurrent, bias = gates(kernel), gates(recurrent), np.stack([gates(bias), np.zeros_like(bias)])
        if not self.time_first:
            self.node("Transpose", perm=[1, 0, 2])
            self.time_first = True
        operands = [self.constant(kernel.T[None]), self.constant(recurrent.T[None]), self.constant(bias.reshape(1, -1))]
        attributes: dict[str, Any] = {"hidden_size": layer.units}
        if not lstm:
            attributes["linear_before_reset"] = 1
        outputs = ["last"] if layer.sequences else ["", "last"]
        self.node("LSTM" if lstm else "GRU", *operands, outputs=outputs, **attributes)
        self.node("Squeeze", self.constant(np.array([1 if layer.sequences else 0])))

    def reordered(self, kernel: Array) -> Array:
        """Rows as the features come, the first time after a Flatten."""
        order, self.order = self.order, None
        return kernel if order is None else kernel[order]

    def finish(self) -> Any:
        output = (self.batch, *self.output_shape())
        graph = helper.make_graph(
            self.nodes,
            "model",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.workload.shape)],
            [helper.make_tensor_value_info(self.last, TensorProto.FLOAT, output)],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = _IR
        return model

    def output_shape(self) -> Shape:
        shape: Shape = self.workload.shape[1:]
        for layer in self.workload.layers:
            shape = output_shape(layer, shape)
        return shape


if __name__ == "__main__":
    export(WORKLOADS[sys.argv[1]], Path(sys.argv[2]))
