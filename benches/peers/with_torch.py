"""Builds torch's contestants: channels last, as its own guide for CPUs advises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
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
    weights,
    with_shapes,
)
from session import Session, Settings
from torch import nn
from torch.nn import functional
from workloads import LEARNING_RATE, Workload


def build(workload: Workload, settings: Settings) -> Session:
    """The variant holds words: `fused` for the fused Adam, `compiled` for torch.compile."""
    words = settings.variant.split()
    torch.set_num_threads(settings.threads)
    facts = {"torch": torch.__version__, "torch's instruction set": torch.backends.cpu.get_cpu_capability()}
    fused = True if "fused" in words else None

    def adam(parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, LEARNING_RATE, eps=1e-7, fused=fused)

    if not workload.layers:
        rng = np.random.default_rng(0)
        parameter = nn.Parameter(torch.from_numpy(rng.standard_normal(workload.shape, dtype=np.float32)))
        parameter.grad = torch.from_numpy(rng.standard_normal(workload.shape, dtype=np.float32))
        return Session(train=adam([parameter]).step, facts=facts)

    net: Any = _Net(workload)
    if settings.same_weights:
        arrays = weights(workload.layers, workload.shape[1:])
        for module, layer, values in zip(net.steps, workload.layers, arrays, strict=True):
            _set_weights(module, layer, values)
    net = net.to(memory_format=torch.channels_last)
    optimizer = adam(net.parameters())
    if "compiled" in words:
        net = torch.compile(net)
    x, y = workload.data()
    targets = torch.from_numpy(y.argmax(1))

    def predict() -> Array:
        net.eval()
        with torch.inference_mode():
            outputs = net(torch.from_numpy(x))
            outputs = torch.softmax(outputs, -1) if isinstance(workload.layers[-1], Dense) else outputs
            array: Array = outputs.numpy()
            return array

    def train() -> float:
        net.train()
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(torch.from_numpy(x)), targets)
        loss.backward()
        optimizer.step()
        return loss.item()

    return Session(predict, train, facts=facts)


class _Net(nn.Module):
    """Takes batches as NumPy users hold them, (batch, time, height, width, channels), without copying them."""

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        self.described = list(with_shapes(workload.layers, workload.shape[1:]))
        self.steps = nn.ModuleList([_module(layer, shape) for layer, shape in self.described])

    def forward(self, x: Any) -> Any:
        """Logits: softmax belongs to the loss, or to `predict`."""
        clips = x.shape[:2] if x.ndim == 5 else None
        if clips:
            x = x.flatten(0, 1)
        if x.ndim == 4:
            x = x.permute(0, 3, 1, 2)
        for step, (layer, _) in zip(self.steps, self.described, strict=True):
            if isinstance(layer, Flatten):  # channels last already: neither line copies
                x = x.permute(0, 2, 3, 1)
                x = x.reshape(*clips, -1) if clips else x.flatten(1)
            elif isinstance(layer, GlobalAverage):
                x = x.mean((2, 3))
            elif isinstance(layer, Lstm | Gru):
                x = step(x)[0]
                x = x if layer.sequences else x[:, -1]
            else:
                x = step(x)
        return x


def _module(layer: Layer, shape: Shape) -> nn.Module:
    channels = shape[-1]
    match layer:
        case Conv():
            convolution = nn.Conv2d(
                channels,
                channels if layer.depthwise else layer.filters,
                layer.kernel,
                layer.strides,
                layer.kernel // 2 if layer.padding == "same" else 0,
                groups=channels if layer.depthwise else 1,
                bias=layer.bias,
            )
            return nn.Sequential(convolution, nn.ReLU(inplace=True)) if layer.relu else convolution
        case BatchNorm():
            return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
        case Relu():
            return nn.ReLU(inplace=True)
        case MaxPool():
            return nn.MaxPool2d(layer.size)
        case Lstm():
            return nn.LSTM(channels, layer.units, batch_first=True)
        case Gru():
            return nn.GRU(channels, layer.units, batch_first=True)
        case Dropout():
            return nn.Dropout(layer.rate)
        case Dense():
            dense = nn.Linear(channels, layer.units)
            return nn.Sequential(dense, nn.ReLU(inplace=True)) if layer.activation == "relu" else dense
        case _:
            return nn.Identity()


def _set_weights(module: nn.Module, layer: Layer, arrays: list[Array]) -> None:
    if not arrays:
        return
    target: Any = module[0] if isinstance(module, nn.Sequential) else module
    named: dict[str, Array] = {}
    match layer:
        case Conv():
            named = {"weight": arrays[0].transpose(3, 2, 0, 1), **({"bias": arrays[1]} if layer.bias else {})}
        case BatchNorm():
            named = dict(zip(("weight", "bias", "running_mean", "running_var"), arrays, strict=True))
        case Dense():
            named = {"weight": arrays[0].T, "bias": arrays[1]}
        case Lstm():
            named = _recurrent(arrays[0], arrays[1], arrays[2], np.zeros_like(arrays[2]), lambda a: a)
        case Gru():
            named = _recurrent(arrays[0], arrays[1], *arrays[2], _reset_first)
    with torch.no_grad():
        for name, array in named.items():
            getattr(target, name).copy_(torch.from_numpy(np.ascontiguousarray(array)))


def _recurrent(
    kernel: Array, recurrent: Array, bias: Array, recurrent_bias: Array, order: Callable[[Array], Array]
) -> dict[str, Array]:
    return {
        "weight_ih_l0": order(kernel).T,
        "weight_hh_l0": order(recurrent).T,
        "bias_ih_l0": order(bias),
        "bias_hh_l0": order(recurrent_bias),
    }


def _reset_first(array: Array) -> Array:
    """Gates z, r, h to torch's r, z, n."""
    update, reset, candidate = np.split(array, 3, axis=-1)
    return np.concatenate([reset, update, candidate], axis=-1)
