"""Symbolic tensors: what layers give when they are called before there is data, so that the calls make a graph."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from kinema.autograd import no_tape
from kinema.errors import ArgumentError
from kinema.layers.structure import Shape, leaves, map_leaves, map_shapes, open_shapes
from kinema.ops._symbolic import Symbolic

if TYPE_CHECKING:
    from kinema.layers.layer import Layer

_numbers = itertools.count()
_call_numbers = itertools.count()


class KerasTensor(Symbolic):
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
        return _operated("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _operated("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _operated("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _operated("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return _operated("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operated("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _operated("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operated("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return _operated("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _operated("power", other, self)

    def __mod__(self, other: Any) -> Any:
        return _operated("mod", self, other)

    def __floordiv__(self, other: Any) -> Any:
        return _operated("floor_divide", self, other)

    def __matmul__(self, other: Any) -> Any:
        return _operated("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _operated("matmul", other, self)

    def __lt__(self, other: Any) -> Any:
        return _operated("less", self, other)

    def __le__(self, other: Any) -> Any:
        return _operated("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return _operated("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return _operated("greater_equal", self, other)

    def __abs__(self) -> Any:
        return _operated("absolute", self)

    def __neg__(self) -> Any:
        return _operated("negative", self)

    def __getitem__(self, key: Any) -> Any:
        from kinema import ops

        return ops.getitem(self, key)

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        self._refuse()

    def __len__(self) -> NoReturn:
        self._refuse()

    def __iter__(self) -> NoReturn:
        self._refuse()

    def __bool__(self) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ArgumentError(
            f"{self!r} has no values yet: it stands for the output of a layer in a graph. Give it to layers and to "
            "kinema.ops; for a computation of your own write a layer whose call() does it"
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
        #: Later calls have larger numbers.
        self.number = next(_call_numbers)

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


def note_copies(nodes: list[Node]) -> None:
    """Gives calls in the copy of a graph to the copies of their layers, which know of none."""
    for node in nodes:
        noted = node.layer._nodes
        if node not in noted:
            noted.append(node)
            noted.sort(key=lambda one: one.number)


def symbolic_leaves(structure: Any) -> list[KerasTensor]:
    """The symbolic tensors in lists, tuples and dicts."""
    return [leaf for leaf in leaves(structure) if isinstance(leaf, KerasTensor)]


def input_tensor(layer: Layer) -> KerasTensor:
    """What an `InputLayer` gives."""
    assert layer._declared_shape is not None
    node = Node(layer, layer, (), {})
    tensor: KerasTensor = node.give(KerasTensor(layer._declared_shape, layer.dtype, layer.name))
    return tensor


def call_symbolically(layer: Layer, *args: Any, **kwargs: Any) -> Any:
    """Builds a layer for symbolic inputs and notes the call; a layer made for frames is lifted to clips."""
    from kinema.layers.on_frames import must_lift, on_every_frame

    first = args[0]
    for leaf in leaves(first):
        if not isinstance(leaf, KerasTensor):
            raise ArgumentError(
                f"{layer._title} is called on symbolic tensors and on {type(leaf).__name__} together: "
                "make an Input of everything that is data"
            )
    in_run = _run_before(symbolic_leaves((args, kwargs))) is not None
    lifted = isinstance(first, KerasTensor) and must_lift(layer, first.shape, in_run)
    running = on_every_frame(layer) if lifted else layer
    running.ensure_built(_shapes(first))
    return _note_call(layer, running, args, kwargs).result


def call_as_planned(layer: Layer, running: Layer, inputs: Any, output_shape: Any) -> Node:
    """Notes the call of a built layer where it is known how it runs and what shape its output has."""
    return _note_call(layer, running, (inputs,), {}, output_shape)


def _run_before(inputs: list[KerasTensor]) -> str | None:
    return next((tensor.run for tensor in inputs if tensor.run is not None), None)


def _note_call(
    layer: Layer, running: Layer, args: tuple[Any, ...], kwargs: dict[str, Any], output_shape: Any = None
) -> Node:
    node = Node(layer, running, args, kwargs)
    run = _run_before(node.inputs)
    if running is not layer:
        run = run or layer.name
    if running.mixes_frames:
        run = None

    def tensor(shape: Shape, dtype: str = layer.dtype) -> KerasTensor:
        made = KerasTensor(shape, dtype)
        made.run = run if len(shape) > 2 else None
        return made

    with layer._naming_errors():
        if hasattr(running, "compute_output_spec"):
            spec = running.compute_output_spec(*args, **kwargs)
            node.give(map_leaves(spec, lambda said: tensor(said.shape, said.dtype)))
            return node
        if output_shape is None:
            output_shape = _output_shapes(running, args, kwargs)
        node.give(map_shapes(output_shape, tensor))
        return node


def _shapes(structure: Any) -> Any:
    return map_leaves(structure, lambda tensor: tensor.shape)


def _output_shapes(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `compute_output_shape` says; where that would call the layer and one input is not enough, a traced call."""
    from kinema.layers.layer import Layer

    said = type(layer).compute_output_shape is not Layer.compute_output_shape
    if said or not symbolic_leaves((args[1:], kwargs)):
        return layer.compute_output_shape(_shapes(args[0]))

    def trial(length: int) -> Any:
        def zeros(leaf: Any) -> Any:
            if not isinstance(leaf, KerasTensor):
                return leaf
            return np.zeros([length if known is None else known for known in leaf.shape], leaf.dtype)

        return layer(*map_leaves(args, zeros), **{"training": False, **map_leaves(kwargs, zeros)})

    with no_tape():
        return open_shapes(trial)


def _operated(op: str, *operands: Any) -> Any:
    """An op of `kinema.ops` with a symbolic tensor among its operands."""
    from kinema import ops

    for operand in operands:
        if isinstance(operand, (str, bytes)) or operand is None:
            raise ArgumentError(
                f"a symbolic tensor and {type(operand).__name__} do not combine: use another symbolic tensor, an array "
                "or a number"
            )
    return getattr(ops, op)(*operands)
