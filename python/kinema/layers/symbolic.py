"""Symbolic tensors: what layers give when they are called before there is data, so that the calls make a graph."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from kinema.autograd import no_tape
from kinema.errors import ArgumentError
from kinema.layers.structure import Shape, leaves, map_leaves, map_shapes

if TYPE_CHECKING:
    from kinema.layers.layer import Layer

_numbers = itertools.count()


class KerasTensor:
    """The place of a tensor in a graph of layers: a shape and a type, and the call that will compute it.

    Args:
        shape: The length of every axis, batch included; None where it varies.
        dtype: The element type.
        name: A name, for errors.

    Example:
        >>> import kinema
        >>> frames = kinema.Input((16, 64, 64, 3))
        >>> kinema.layers.LSTM(8)(kinema.layers.Flatten()(kinema.layers.Conv2D(4, 3)(frames))).shape
        (None, 8)
    """

    # NumPy must hand `array + tensor` to the tensor's own operators.
    __array_priority__ = 200

    def __init__(self, shape: Shape, dtype: str = "float32", name: str | None = None) -> None:
        self.shape: Shape = tuple(shape)
        self.dtype = dtype
        self.name = f"keras_tensor_{next(_numbers)}" if name is None else name
        #: The call that gives this tensor, and which of its outputs it is.
        self.node: Node | None = None
        self.position = 0
        #: The layer from which what leads here works frame by frame, or None: where video lifting stands.
        self.run: str | None = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __add__(self, other: Any) -> Any:
        return _combined("Add", self, other, 1.0, other)

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __sub__(self, other: Any) -> Any:
        return _combined("Subtract", self, other, 1.0, None if isinstance(other, KerasTensor) else -other)

    def __rsub__(self, other: Any) -> Any:
        return _combined("Subtract", self, other, -1.0, other)

    def __mul__(self, other: Any) -> Any:
        return _combined("Multiply", self, other, other, 0.0)

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, KerasTensor):
            self._refuse()
        return self * (1.0 / other)

    def __neg__(self) -> Any:
        return self * -1.0

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        self._refuse()

    def __len__(self) -> NoReturn:
        self._refuse()

    def __iter__(self) -> NoReturn:
        self._refuse()

    def __bool__(self) -> NoReturn:
        self._refuse()

    def __getitem__(self, index: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ArgumentError(
            f"{self!r} has no values yet: it stands for the output of a layer in a graph. Give it to layers; for a "
            "computation of your own write a layer whose call() does it with kinema.ops"
        )

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape} dtype={self.dtype} name={self.name}>"


class Node:
    """One call of a layer in a graph.

    Args:
        layer: The user's layer.
        running: The layer that runs: the same, or a wrapper where it was lifted to every frame.
        args: The arguments of the call, symbolic tensors among them.
        kwargs: The named arguments of the call.
    """

    def __init__(self, layer: Layer, running: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer = layer
        self.running = running
        self.args = args
        self.kwargs = kwargs
        self.inputs: list[KerasTensor] = symbolic_leaves((args, kwargs))
        self.result: Any = None
        self.outputs: list[KerasTensor] = []

    @property
    def is_input(self) -> bool:
        """Whether data enters here."""
        return not self.inputs

    def give(self, result: Any) -> Any:
        """Sets what the call gives: a symbolic tensor, or a list or dict of them."""
        self.result, self.outputs = result, leaves(result)
        for position, tensor in enumerate(self.outputs):
            tensor.node, tensor.position = self, position
        self.layer._nodes.append(self)
        return result


def symbolic_leaves(structure: Any) -> list[KerasTensor]:
    """The symbolic tensors in lists, tuples and dicts."""
    return [leaf for leaf in leaves(structure) if isinstance(leaf, KerasTensor)]


def input_tensor(layer: Layer) -> KerasTensor:
    """What an `InputLayer` gives."""
    assert layer.batch_shape is not None
    node = Node(layer, layer, (), {})
    tensor: KerasTensor = node.give(KerasTensor(layer.batch_shape, layer.dtype, layer.name))
    return tensor


def call_symbolically(layer: Layer, *args: Any, **kwargs: Any) -> Any:
    """Builds a layer for symbolic inputs and notes the call; a layer made for frames is lifted to clips."""
    from kinema.layers.on_frames import must_lift, on_every_frame

    first = args[0]
    for leaf in leaves(first):
        if not isinstance(leaf, KerasTensor):
            raise ArgumentError(
                f"{layer.title} is called on symbolic tensors and on {type(leaf).__name__} together: "
                "make an Input of everything that is data"
            )
    run = next((tensor.run for tensor in symbolic_leaves((args, kwargs)) if tensor.run is not None), None)
    running = layer
    if isinstance(first, KerasTensor) and must_lift(layer, first.shape, run is not None):
        run = run or layer.name
        running = layer._on_every_frame
        if running is None:
            running = on_every_frame(layer)
            object.__setattr__(layer, "_on_every_frame", running)
    running.ensure_built(_shapes(first))
    if running.mixes_frames:
        run = None
    node = Node(layer, running, args, kwargs)
    with layer._naming_errors():
        shapes = _output_shapes(running, args, kwargs)

    def tensor(shape: Shape) -> KerasTensor:
        made = KerasTensor(shape, layer.dtype)
        made.run = run if len(shape) > 2 else None
        return made

    return node.give(map_shapes(shapes, tensor))


def _shapes(structure: Any) -> Any:
    return map_leaves(structure, lambda tensor: tensor.shape)


def _output_shapes(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the layer says: `compute_output_spec` of this call, where it has one, else `compute_output_shape`.

    Where that would call the layer and one input is not enough, a traced call.
    """
    from kinema.layers.layer import Layer

    if hasattr(layer, "compute_output_spec"):
        return _shapes(layer.compute_output_spec(*args, **kwargs))
    said = type(layer).compute_output_shape is not Layer.compute_output_shape
    if said or not symbolic_leaves((args[1:], kwargs)):
        return layer.compute_output_shape(_shapes(args[0]))

    def zeros(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        return np.zeros([1 if length is None else length for length in leaf.shape], leaf.dtype)

    with no_tape():
        outputs = layer(*map_leaves(args, zeros), **{"training": False, **map_leaves(kwargs, zeros)})
    return map_leaves(outputs, lambda tensor: (None, *tensor.shape[1:]))


def _combined(kind: str, tensor: KerasTensor, other: Any, scale: Any, offset: Any) -> Any:
    """`tensor + other` and the like: a merging layer for two symbolic tensors, a `Rescaling` for a number."""
    from kinema import layers

    if isinstance(other, KerasTensor):
        return getattr(layers, kind)()([tensor, other])
    if not isinstance(other, (int, float, np.number)):
        raise ArgumentError(
            f"a symbolic tensor and {type(other).__name__} do not combine: use another symbolic tensor or a number, "
            "or a layer of your own"
        )
    return layers.Rescaling(scale=float(scale), offset=float(offset))(tensor)
