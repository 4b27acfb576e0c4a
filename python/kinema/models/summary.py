"""What a model is made of, as a table of plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinema.errors import ArgumentError
from kinema.layers.layer import Layer, Shape
from kinema.layers.structure import shapes_in
from kinema.layers.symbolic import KerasTensor, Node
from kinema.models.functional import Functional
from kinema.models.sequential import Sequential

_BATCH = 32


@dataclass(frozen=True)
class _Row:
    layer: str
    shape: str
    parameters: str
    trainable: str
    connected: str = ""


def summary_text(
    model: Any, line_length: int | None, expand_nested: bool, show_trainable: bool, layer_range: Any = None
) -> str:
    """The table that `Model.summary` prints.

    Args:
        model: A built model, or one that is not (its shapes are shown as "?").
        line_length: The width of the table; as wide as it needs to be when None.
        expand_nested: Show the layers inside nested models too.
        show_trainable: Show whether training changes each layer.
        layer_range: The names of the first and the last layer to show, or expressions that such names begin with; all
            layers when None.
    """
    rows = list(_rows(model, expand_nested, indent="", layer_range=layer_range))
    header = _Row("Layer (type)", "Output shape", "Param #", "Trainable", "Connected to")
    columns = ["layer", "shape", "parameters", *(["trainable"] if show_trainable else [])]
    columns += ["connected"] if isinstance(model, Functional) else []
    widths = [max(len(getattr(row, column)) for row in [header, *rows]) for column in columns]
    if line_length is not None:
        widths[0] = max(widths[0], line_length - sum(widths[1:]) - 2 * (len(widths) - 1))
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [f'Model: "{model.name}"', rule, _line(header, columns, widths), rule]
    lines += [_line(row, columns, widths) for row in rows]
    return "\n".join([*lines, rule, *_totals(model), *_notes(model)])


def _line(row: _Row, columns: list[str], widths: list[int]) -> str:
    cells = [getattr(row, column) for column in columns]
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _rows(model: Any, expand_nested: bool, indent: str, layer_range: Any = None) -> Iterator[_Row]:
    running = _running(model)
    for layer, shape, connected in running if layer_range is None else _between(running, model, layer_range):
        wrapped = getattr(layer, "layer", None)
        inner: Any = wrapped if isinstance(wrapped, Layer) else None
        lifted = inner is not None and _is_lifted(model, layer)
        kind = type(layer).__name__ + (f" of {type(inner).__name__}" if inner is not None else "")
        name = f"{inner.name} (every frame: {kind})" if lifted else f"{layer.name} ({kind})"
        built = layer.built
        yield _Row(
            indent + name,
            "?" if shape is None else _shape_text(shape),
            f"{layer.count_params():,}" if built else "0 (not built)",
            "yes" if layer.trainable else "no",
            connected,
        )
        nested = inner if inner is not None else layer
        if expand_nested and isinstance(nested, (Functional, Sequential)):
            yield from _rows(nested, expand_nested, indent + "  ")


def _running(model: Any) -> list[tuple[Layer, Shape | None, str]]:
    """Each layer with the shape of its output and the layers that it is fed by, where the model is a graph."""
    if isinstance(model, Functional):
        return [(layer, *_calls_text(model.graph.calls_of(layer))) for layer in model.running_layers]
    plan = model._plan if isinstance(model, Sequential) else None
    if plan is not None:
        return [(*pair, "") for pair in zip(plan.lifted.layers, plan.lifted.shapes, strict=True)]
    return [(layer, _output_shape(layer), "") for layer in model.layers]


def _output_shape(layer: Layer) -> Shape | None:
    """The shape of the (first) output for inputs as the layer was built for; None where only a call could tell."""
    if layer._build_shape is None or type(layer).compute_output_shape is Layer.compute_output_shape:
        return None
    try:
        return shapes_in(layer.compute_output_shape(layer._build_shape))[0]
    except Exception:  # a layer of the user's that does not know for this input alone
        return None


def _between(
    running: list[tuple[Layer, Shape | None, str]], model: Any, layer_range: Any
) -> list[tuple[Layer, Shape | None, str]]:
    """The layers from the one that the first expression means to the one that the last one means."""
    if not isinstance(layer_range, (list, tuple)) or [type(name) for name in layer_range] != [str, str]:
        raise ArgumentError(f"layer_range is two names of layers, the first and the last, not {layer_range!r}")
    shown: list[Any] = [layer for layer, *_ in running]
    names = [layer.layer.name if _is_lifted(model, layer) else layer.name for layer in shown]
    found = [[place for place, name in enumerate(names) if re.match(wanted, name)] for wanted in layer_range]
    for wanted, places in zip(layer_range, found, strict=True):
        if not places:
            raise ArgumentError(f"layer_range: no layer is named {wanted!r}; the layers are: {', '.join(names)}")
    first, last = found if found[0][0] <= found[1][-1] else reversed(found)
    return running[first[0] : last[-1] + 1]


def _is_lifted(model: Any, layer: Layer) -> bool:
    return isinstance(model, (Functional, Sequential)) and model.is_lifted(layer)


def _calls_text(calls: Sequence[Node]) -> tuple[Shape, str]:
    """The shape of the first call's (first) output, and what feeds the calls: `a, b` for one, `a; b` for two."""
    sources = [[_source(tensor) for tensor in node.inputs] for node in calls]
    return calls[0].outputs[0].shape, "; ".join(", ".join(names) for names in sources if names)


def _source(tensor: KerasTensor) -> str:
    assert tensor.node is not None
    layer = tensor.node.layer.name
    return f"{layer}[{tensor.position}]" if len(tensor.node.outputs) > 1 else layer


def _shape_text(shape: Any) -> str:
    return f"({', '.join('None' if length is None else str(length) for length in shape)})"


def _totals(model: Any) -> list[str]:
    total = sum(weight.size for weight in model.weights)
    trainable = sum(weight.size for weight in model.trainable_weights)
    weight_bytes = sum(weight.size * weight.dtype.itemsize for weight in model.weights)
    return [
        f"Total params: {total:,} ({_bytes(weight_bytes)})",
        f"Trainable params: {trainable:,}",
        f"Non-trainable params: {total - trainable:,}",
    ]


def _notes(model: Any) -> list[str]:
    if isinstance(model, Functional):
        return [
            _memory_line(model, [tensor.shape for tensor in model.inputs], model.graph_plan.shapes()),
            *_open(model),
        ]
    plan = model._plan if isinstance(model, Sequential) else None
    if plan is None:
        return [] if model.built else ["The model is not built yet: its shapes are known once it has an input shape."]
    shapes = [plan.input_shape]
    for step in plan.steps[True]:
        shapes.append(step.compute_output_shape(shapes[-1]))
    return [_memory_line(model, shapes[:1], shapes[1:]), *_open(model)]


def _open(model: Any) -> list[str]:
    if model.open_run is None:
        return []
    return [
        f"From layer '{model.open_run}' on the model works frame by frame up to its output: "
        "it gives one output for every frame. For one output a clip, add a layer that consumes time, such as LSTM."
    ]


def _memory_line(model: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> str:
    """Weights with gradients and two slots of the optimizer; the batch, and each step's output with its gradient."""
    shapes = [(shape, 1) for shape in inputs] + [(shape, 2) for shape in outputs]
    known = [(shape[1:], times) for shape, times in shapes if None not in shape[1:]]
    numbers = sum(int(np.prod([n or 0 for n in sample])) * times for sample, times in known)
    sample = numbers * np.dtype(model.dtype).itemsize
    fixed = sum(weight.size * weight.dtype.itemsize * (4 if weight.trainable else 1) for weight in model.weights)
    at_least = "" if len(known) == len(shapes) else "at least "
    return (
        f"Memory of a training batch: {at_least}about {_bytes(fixed + _BATCH * sample)} for {_BATCH} samples "
        f"({_bytes(sample)} each, and {_bytes(fixed)} for weights, gradients and optimizer)"
    )


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.2f} GB"
