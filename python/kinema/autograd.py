"""Tensors, variables and the tape: the only place that knows about backward order.

An op (see `kinema.ops`) computes an output and hands over a function that turns the output's gradient into its inputs'
gradients. The tape keeps these functions in order and calls them from the last to the first.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kinema.errors import ArgumentError, DTypeError, GradientError, ShapeError

Array: TypeAlias = NDArray[Any]
#: What an op may get as a gradient: an array, nothing, or a function that computes it when it is wanted.
Gradient: TypeAlias = "Array | Callable[[], Array] | None"
Backward: TypeAlias = Callable[..., Any]

_keys = itertools.count()
_active = threading.local()


class _Operators:
    """The operators of tensors and variables; they are ops, which `kinema.ops` installs."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __getitem__(self, index: Any) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...


class Tensor(_Operators):
    """An immutable array, the result of an op.

    Args:
        array: The values. They become read-only in this tensor; nothing is copied.

    Example:
        >>> import kinema
        >>> x = kinema.Tensor([1.0, 2.0])
        >>> (x * 2).numpy()
        array([2., 4.], dtype=float32)
    """

    __slots__ = ("__weakref__", "_array", "_key", "logits", "mask")
    # NumPy must hand `array + tensor` to the tensor's own operators.
    __array_priority__ = 100

    def __init__(self, array: Any) -> None:
        view = _values(array).view()
        view.flags.writeable = False
        self._array: Array = view
        self._key = next(_keys)
        #: Boolean array (batch, time) of the steps that count, or None. Travels with the tensor as in Keras.
        self.mask: Array | None = None
        #: What a softmax or sigmoid made this tensor of, so that a cross-entropy can do without their rounding.
        self.logits: Tensor | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every axis."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._array.size

    def numpy(self) -> Array:
        """The values as a read-only array."""
        return self._array

    def item(self) -> Any:
        """The only value, as a Python number."""
        return self._array.item()

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        if dtype is not None and np.dtype(dtype) != self._array.dtype:
            return self._array.astype(dtype)
        return self._array.copy() if copy else self._array

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        return float(self._array)

    def __int__(self) -> int:
        return int(self._array)

    def __bool__(self) -> bool:
        return bool(self._array)

    def __repr__(self) -> str:
        return f"<Tensor shape={self.shape} dtype={self.dtype}\n{self._array}>"


class Variable(_Operators):
    """A named array that training changes: the only mutable object among tensors.

    Args:
        value: The first value; it is copied.
        trainable: Whether a tape follows it and an optimiser updates it.
        dtype: Its element type; the value's own when None.
        name: A name, for errors and files.
        regularizer: A function of the variable that gives a penalty for the loss.
        constraint: A function applied to the value after each update.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0, 2.0], name="w")
        >>> w.assign([3.0, 4.0]).numpy()
        array([3., 4.], dtype=float32)
    """

    __array_priority__ = 100

    def __init__(
        self,
        value: Any,
        trainable: bool = True,
        dtype: DTypeLike | None = None,
        name: str | None = None,
        regularizer: Callable[[Any], Any] | None = None,
        constraint: Callable[[Any], Any] | None = None,
    ) -> None:
        self._array: Array = np.array(_values(value) if dtype is None else as_array(value), dtype, order="C", copy=True)
        self._key = next(_keys)
        self._version = 0
        self.trainable = trainable
        #: What the layer declared; `trainable` follows it unless the layer is frozen.
        self.declared_trainable = trainable
        self.name = name if name is not None else "variable"
        #: Where the variable lives in its model, such as "sequential/dense/kernel"; set by the layer that owns it.
        self.path = self.name
        self.regularizer = regularizer
        self.constraint = constraint

    @property
    def array(self) -> Array:
        """The live storage. Only ops read it and only optimisers write it; a writer calls `bump()` afterwards."""
        return self._array

    @property
    def version(self) -> int:
        """How many times the value has changed. Whatever is derived from the value is keyed by it."""
        return self._version

    @property
    def value(self) -> Tensor:
        """A tensor with a copy of the current value."""
        return Tensor(self.numpy())

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every axis."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._array.size

    def bump(self) -> None:
        """Notes that the storage has been written in place."""
        self._version += 1

    def numpy(self) -> Array:
        """A copy of the current value."""
        return np.array(self._array)

    def assign(self, value: Any) -> Variable:
        """Takes over the values of an array of the same shape and gives the variable back."""
        array = as_array(value)
        if array.shape != self._array.shape:
            raise ShapeError(
                f"cannot assign an array of shape {array.shape} to variable '{self.path}' of shape {self.shape}: "
                "reshape the array, or build the layer for the shape that you have"
            )
        np.copyto(self._array, array, casting="same_kind" if array.dtype.kind == self._array.dtype.kind else "unsafe")
        self.bump()
        return self

    def assign_add(self, value: Any) -> Variable:
        """Adds an array to the value in place."""
        return self.assign(self._array + as_array(value))

    def assign_sub(self, value: Any) -> Variable:
        """Subtracts an array from the value in place."""
        return self.assign(self._array - as_array(value))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return self._array.astype(dtype if dtype is not None else self._array.dtype)

    def __len__(self) -> int:
        return len(self._array)

    def __repr__(self) -> str:
        return f"<Variable path={self.path} shape={self.shape} dtype={self.dtype}>"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_key"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._key = next(_keys)


def as_array(value: Any) -> Array:
    """The raw array behind a tensor, a variable, an array, a number or a nested list."""
    if isinstance(value, (Tensor, Variable)):
        return value._array
    return np.asarray(value)


def _values(value: Any) -> Array:
    """`as_array`, with Python's floating-point numbers and lists of them in single precision, as in Keras."""
    array = as_array(value)
    python = not isinstance(value, (Tensor, Variable, np.ndarray, np.generic))
    return array.astype(np.float32) if python and array.dtype == np.float64 else array


class _Record:
    """One recorded op: which keys went in and out, and how gradients flow back through it."""

    __slots__ = ("backward", "inputs", "name", "outputs", "specs", "versions")

    def __init__(
        self,
        name: str,
        inputs: tuple[int | None, ...],
        outputs: tuple[int, ...],
        specs: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...],
        versions: tuple[tuple[Variable, int], ...],
        backward: Backward,
    ) -> None:
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.specs = specs
        self.versions = versions
        self.backward = backward


class GradientTape:
    """Records ops so that gradients can be computed through them.

    Trainable variables are followed by themselves, other tensors after `watch`. A tape gives gradients once, and frees
    what it held on the way back, unless it is persistent. Gradients of gradients are not supported and raise.

    Args:
        persistent: Keep the records, so that `gradient` may be called several times.
        watch_accessed_variables: Follow every trainable variable that an op reads.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([3.0])
        >>> with kinema.GradientTape() as tape:
        ...     loss = kinema.ops.sum(w * w)
        >>> tape.gradient(loss, [w])[0].numpy()
        array([6.], dtype=float32)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_variables = watch_accessed_variables
        self._records: list[_Record | None] = []
        self._tracked: set[int] = set()
        self._variables: dict[int, Variable] = {}
        self._used = False

    def __enter__(self) -> GradientTape:
        _tapes().append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _tapes().remove(self)

    def watch(self, tensor: Any) -> None:
        """Follows a tensor, a variable, or a list of them."""
        if isinstance(tensor, (list, tuple)):
            for one in tensor:
                self.watch(one)
        elif isinstance(tensor, Variable):
            self._follow(tensor)
        elif isinstance(tensor, Tensor):
            self._tracked.add(tensor._key)
        else:
            raise DTypeError(
                f"tape.watch follows a Tensor or a Variable, not {type(tensor).__name__}: "
                "wrap the array with kinema.ops.convert_to_tensor and use the result in the computation"
            )

    def reset(self) -> None:
        """Forgets everything recorded so far."""
        self._records.clear()
        self._tracked.clear()
        self._variables.clear()
        self._used = False

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> Any:
        """The gradient of `target` (summed over its elements) with respect to each of `sources`.

        Args:
            target: A tensor computed inside the tape, or a list of them.
            sources: A tensor or variable, or a list, tuple or dict of them; the answer has the same structure.
            output_gradients: The gradient of each target, ones when None.
            unconnected_gradients: `"none"` or `"zero"`: what to give for a source that the target does not depend on.

        Raises:
            GradientError: The tape was used before and is not persistent, or a second order is asked for.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ArgumentError(f"unconnected_gradients is 'none' or 'zero', not {unconnected_gradients!r}")
        flat = _flatten(sources)
        for source in flat:
            if not isinstance(source, (Tensor, Variable)):
                raise DTypeError(f"sources are Tensors or Variables, not {type(source).__name__}")
        found = self._run(target, output_gradients, {source._key for source in flat}, None)
        results = []
        for source in flat:
            array = found.get(source._key)
            if array is None and unconnected_gradients == "zero":
                array = np.zeros(source.shape, source.dtype)
            results.append(None if array is None else Tensor(array))
        _forbid_second_order(self, flat, [result for result in results if result is not None])
        return _unflatten(sources, iter(results))

    def backward(self, target: Tensor, sink: Callable[[Variable, Array], None]) -> None:
        """Hands the final gradient of every followed variable to `sink`, as soon as no earlier op can add to it.

        The gradients are C-contiguous. They may be read-only or part of what other gradients are made of: not to be
        written to.
        """
        self._run(target, None, set(), sink)

    def _follow(self, variable: Variable) -> None:
        self._tracked.add(variable._key)
        self._variables[variable._key] = variable

    def _wants(self, value: Any) -> bool:
        if isinstance(value, Variable):
            if self._watch_variables and value.trainable and value._key not in self._tracked:
                self._follow(value)
            return value._key in self._tracked
        return isinstance(value, Tensor) and value._key in self._tracked

    def _record(self, name: str, inputs: Sequence[Any], outputs: Sequence[Tensor], backward: Backward) -> None:
        wanted = [self._wants(value) for value in inputs]
        if not any(wanted):
            return
        self._tracked.update(output._key for output in outputs)
        self._records.append(
            _Record(
                name,
                tuple(value._key if want else None for value, want in zip(inputs, wanted, strict=True)),
                tuple(output._key for output in outputs),
                tuple((output.shape, output.dtype) for output in outputs),
                tuple((value, value.version) for value in inputs if isinstance(value, Variable)),
                backward,
            )
        )

    def _run(
        self, target: Any, seeds: Any, wanted: set[int], sink: Callable[[Variable, Array], None] | None
    ) -> dict[int, Array]:
        if self._used and not self._persistent:
            raise GradientError(
                "this tape has given its gradients and freed what it recorded: "
                "make it with GradientTape(persistent=True) to ask more than once"
            )
        self._used = True
        gradients = _seed(target, seeds)
        keep = wanted | (set(self._variables) if sink else set())
        last_use = self._last_uses() if sink else {}
        for index in range(len(self._records) - 1, -1, -1):
            record = self._records[index]
            assert record is not None
            if not self._persistent:
                self._records[index] = None
            _step_back(record, gradients, keep)
            if sink:
                for key in last_use.pop(index, ()):
                    if key in gradients:
                        sink(self._variables[key], np.asarray(gradients.pop(key), order="C"))
        if not self._persistent:
            self._records.clear()
        return gradients

    def _last_uses(self) -> dict[int, list[int]]:
        """For each record index, the variables whose gradient is final once that record has been passed backwards."""
        first_index: dict[int, int] = {}
        for index, record in enumerate(self._records):
            assert record is not None
            for key in record.inputs:
                if key is not None and key in self._variables:
                    first_index.setdefault(key, index)
        uses: dict[int, list[int]] = {}
        for key, index in first_index.items():
            uses.setdefault(index, []).append(key)
        return uses


def record(name: str, inputs: Sequence[Any], outputs: Sequence[Tensor], backward: Backward) -> None:
    """Notes an op on every active tape that follows one of its inputs."""
    for tape in _tapes():
        tape._record(name, inputs, outputs, backward)


@contextmanager
def no_tape() -> Iterator[None]:
    """Inside, nothing is recorded."""
    tapes = _tapes()
    _active.tapes = []
    try:
        yield
    finally:
        _active.tapes = tapes


def _tapes() -> list[GradientTape]:
    tapes: list[GradientTape] | None = getattr(_active, "tapes", None)
    if tapes is None:
        tapes = _active.tapes = []
    return tapes


def _seed(target: Any, seeds: Any) -> dict[int, Array]:
    targets = _flatten(target)
    given = [None] * len(targets) if seeds is None else _flatten(seeds)
    if len(given) != len(targets):
        raise ShapeError(f"output_gradients has {len(given)} entries for {len(targets)} targets: give one for each")
    gradients: dict[int, Array] = {}
    for one, seed in zip(targets, given, strict=True):
        if not isinstance(one, (Tensor, Variable)):
            raise DTypeError(f"the target of a gradient is a Tensor computed inside the tape, not {type(one).__name__}")
        array = np.ones(one.shape, one.dtype) if seed is None else np.asarray(as_array(seed), one.dtype)
        if array.shape != one.shape:
            raise ShapeError(f"output_gradients has shape {array.shape} for a target of shape {one.shape}")
        gradients[one._key] = gradients[one._key] + array if one._key in gradients else array
    return gradients


def _step_back(record: _Record, gradients: dict[int, Array], keep: set[int]) -> None:
    coming = [gradients.get(key) if key in keep else gradients.pop(key, None) for key in record.outputs]
    if all(gradient is None for gradient in coming):
        return
    for variable, version in record.versions:
        if variable.version != version:
            raise GradientError(
                f"variable '{variable.path}' was changed after op '{record.name}' used it: "
                "compute the gradients before you assign to it"
            )
    with np.errstate(all="ignore"):  # as when the op was computed
        going = record.backward(coming[0] if len(coming) == 1 else tuple(coming))
        if not isinstance(going, tuple):
            going = (going,)
        for key, gradient in zip(record.inputs, going, strict=True):
            if key is None or gradient is None:
                continue
            array = gradient() if callable(gradient) else gradient
            if array is not None:
                gradients[key] = gradients[key] + array if key in gradients else array


def _forbid_second_order(inner: GradientTape, sources: list[Any], results: list[Tensor]) -> None:
    def backward(*_: Any) -> None:
        raise GradientError("gradients of gradients are not supported: compute the gradient outside the outer tape")

    for tape in _tapes():
        if tape is not inner:
            for result in results:
                tape._record("gradient", sources, [result], backward)


def _flatten(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        return [leaf for value in structure.values() for leaf in _flatten(value)]
    if isinstance(structure, (list, tuple)):
        return [leaf for value in structure for leaf in _flatten(value)]
    return [structure]


def _unflatten(structure: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(structure, dict):
        return {name: _unflatten(value, leaves) for name, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(_unflatten(value, leaves) for value in structure)
    return next(leaves)
