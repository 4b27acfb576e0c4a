"""Ops as steps of a graph."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import as_array, no_tape
from kinema.layers.layer import Layer
from kinema.layers.naming import auto_name
from kinema.layers.structure import map_leaves, open_shapes, shapes_in
from kinema.layers.symbolic import KerasTensor
from kinema.ops import elementwise

_signature = functools.cache(inspect.signature)


@dataclass(frozen=True)
class Hole:
    """Where one of the symbolic tensors of a call goes among its arguments."""

    number: int


class Operation(Layer):
    """An op of `kinema.ops` in a graph of layers; it has no weights.

    Calling an op on symbolic tensors makes one.

    Args:
        op: The op's name.
        arguments: Its arguments by name, with a `Hole` for each symbolic tensor.
        name: The layer's name.

    Example:
        >>> import kinema
        >>> features = kinema.Input((16, 8))
        >>> last = features[:, -1, :] / kinema.ops.max(features, axis=1)
        >>> kinema.Model(features, last).output_shape
        (None, 8)
    """

    accepts_integers = True
    #: False where it takes each element for itself, of tensors that have the same time axis.
    mixes_frames = True

    def __init__(self, op: str, arguments: dict[str, Any], name: str | None = None) -> None:
        super().__init__(
            name=auto_name("get_item" if op == "getitem" else op) if name is None else name, autocast=False
        )
        self.op = op
        self.arguments = arguments

    def build(self, input_shape: Any) -> None:
        """Finds out whether frames stay apart."""
        shapes = shapes_in(input_shape)
        elements_alone = getattr(ops, self.op).__module__ == elementwise.__name__
        same_times = len({(len(shape), *shape[1:2]) for shape in shapes}) == 1
        self.mixes_frames = not (elements_alone and same_times and self._constants_rank() < len(shapes[0]) - 1)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The op of these tensors."""
        tensors = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        arguments = map_leaves(self.arguments, lambda leaf: tensors[leaf.number] if isinstance(leaf, Hole) else leaf)
        op = getattr(ops, self.op)
        bound = inspect.BoundArguments(_signature(op), arguments)
        return op(*bound.args, **bound.kwargs)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Shapes and types of the result, from trial runs on ones."""
        tensors = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        with no_tape():
            return open_shapes(
                lambda length: self.call([self._ones(tensor, length) for tensor in tensors]),
                lambda shape, tensor: KerasTensor(shape, str(tensor.dtype)),
            )

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: as among tensors that hold data, an op hands no mask on."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"op": self.op, "arguments": self.arguments, "name": self.name}

    def _constants_rank(self) -> int:
        return max(
            (np.ndim(as_array(value)) for value in self.arguments.values() if not isinstance(value, Hole)), default=0
        )

    @staticmethod
    def _ones(tensor: KerasTensor, length: int) -> Any:
        shape = [length if known is None else known for known in tensor.shape]
        return ops.convert_to_tensor(np.ones(shape, tensor.dtype))


def operate(op: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str | None = None) -> Any:
    """What an op gives for symbolic tensors: a step of the graph."""
    tensors: list[KerasTensor] = []

    def hole(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        tensors.append(leaf)
        return Hole(len(tensors) - 1)

    arguments = map_leaves(dict(_signature(op).bind(*args, **kwargs).arguments), hole)
    layer = Operation(op.__name__, arguments, name)
    return layer(tensors[0] if len(tensors) == 1 else tensors)
