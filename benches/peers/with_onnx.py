"""Builds the contestants that only predict, onnxruntime and OpenVINO, from one ONNX file."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from description import Array, Flatten, with_shapes
from session import Session, Settings
from workloads import Workload

_EXPORTER = Path(__file__).with_name("onnx_graph.py")


def build(workload: Workload, settings: Settings) -> Session:
    """The variant is `onnxruntime` or `openvino`."""
    x, _ = workload.data()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        # In a process of its own, whose memory does not count.
        subprocess.run([sys.executable, str(_EXPORTER), workload.name, str(file)], check=True)
        if settings.variant == "onnxruntime":
            predict, facts = _onnxruntime(file, x, settings)
        else:
            predict, facts = _openvino(file, x, settings)
    if not isinstance(workload.layers[-1], Flatten):
        return Session(predict, facts=facts)
    *_, (_, (height, width, channels)) = with_shapes(workload.layers, workload.shape[1:])

    def comparable(y: Array) -> Array:
        return y.reshape(-1, channels, height, width).transpose(0, 2, 3, 1).reshape(y.shape)

    return Session(predict, comparable=comparable, facts=facts)


def _onnxruntime(file: Path, x: Any, settings: Settings) -> tuple[Any, dict[str, str]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if not settings.all_cores:
        options.intra_op_num_threads = settings.threads
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})[0], {"onnxruntime": onnxruntime.__version__}


def _openvino(file: Path, x: Any, settings: Settings) -> tuple[Any, dict[str, str]]:
    import openvino

    properties: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
    if not settings.all_cores:
        properties["INFERENCE_NUM_THREADS"] = settings.threads
    core = openvino.Core()
    request = core.compile_model(core.read_model(str(file)), "CPU", properties).create_infer_request()
    return lambda: request.infer({"x": x})[0], {"openvino": openvino.__version__.split("-")[0]}
