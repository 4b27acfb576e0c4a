"""Tensors and variables: the arrays that ops take and give."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kinema.errors import ArgumentError, ShapeError

Array: TypeAlias = NDArray[Any]

_keys = itertools.count()


class _ArrayLike:
    """What tensors and variables share. Their operators are ops, which `kinema.ops` installs."""

    __slots__ = ()

    # NumPy must hand `array + tensor` to the tensor's own operators.
    __array_priority__ = 100

    _array: Array

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

    def __len__(self) -> int:
        return len(self._array)

    def __float__(self) -> float:
        return float(self._array)

    def __int__(self) -> int:
        return int(self._array)

    def __index__(self) -> int:
        return operator.index(self._array[()])

    def __bool__(self) -> bool:
        return bool(self._array)


class Logits(NamedTuple):
    """What probabilities were made of.

    Args:
        values: The logits.
        activation: "softmax", over the last axis, or "sigmoid".
    """

    values: Tensor
    activation: str


class Tensor(_ArrayLike):
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

    def __init__(self, array: Any) -> None:
        view = (array if type(array) is np.ndarray else _values(array)).view()
        view.setflags(write=False)
        self._array: Array = view
        self._key = next(_keys)
        #: Boolean array (batch, time) of the steps that count, or None. Travels with the tensor as in Keras.
        self.mask: Array | None = None
        #: What these probabilities were made of, so that a cross-entropy can do without their rounding.
        self.logits: Logits | None = None

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

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __format__(self, spec: str) -> str:
        # A single number formats as one, so that f"{loss:.4f}" works.
        return format(self.item(), spec) if spec else repr(self)

    def __repr__(self) -> str:
        return f"<Tensor shape={self.shape} dtype={self.dtype}\n{self._array}>"


class Variable(_ArrayLike):
    """A named array that training changes: the only mutable object among tensors.

    Args:
        initializer: The first value, which is copied; or, with a shape, an initialiser or its name.
        shape: What an initialiser makes.
        dtype: Its element type; the value's own when None, float32 for an initialiser.
        trainable: Whether a tape follows it and an optimiser updates it.
        name: A name, for errors and files.
        regularizer: A function of the variable that gives a penalty for the loss.
        constraint: A function applied to the value after each update.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0, 2.0], name="w")
        >>> w.assign([3.0, 4.0]).numpy()
        array([3., 4.], dtype=float32)
    """

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: DTypeLike | None = None,
        trainable: bool = True,
        name: str | None = None,
        regularizer: Callable[[Any], Any] | None = None,
        constraint: Callable[[Any], Any] | None = None,
    ) -> None:
        value = initializer
        if isinstance(initializer, str) or callable(initializer):
            value = _initialised(initializer, shape, dtype)
        self._array: Array = np.array(_values(value) if dtype is None else as_array(value), dtype, order="C", copy=True)
        self._key = next(_keys)
        self._version = 0
        self._seen: int | None = None
        self._packed: Any = None
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

    def bump(self) -> None:
        """Notes that the storage has been written in place."""
        self._version += 1
        self._packed = None

    def packed(self, pack: Callable[[Array], Any]) -> Any:
        """What `pack` makes of the value, kept until the value changes; None the first time it is asked for a value.

        Weights that are used once between two changes are not worth packing.
        """
        if self._seen != self._version:
            self._seen = self._version
        elif self._packed is None:
            self._packed = pack(self._array)
        return self._packed

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

    def __repr__(self) -> str:
        return f"<Variable path={self.path} shape={self.shape} dtype={self.dtype}>"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_key", "_packed")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._packed = None
        self._key = next(_keys)


def as_array(value: Any) -> Array:
    """The raw array behind a tensor, a variable, an array, a number or a nested list."""
    if isinstance(value, (Tensor, Variable)):
        return value._array
    return np.asarray(value)


def _initialised(initializer: Any, shape: Any, dtype: DTypeLike | None) -> Any:
    """What an initialiser makes."""
    from kinema import initializers

    if shape is None:
        raise ArgumentError(f"Variable: the initializer {initializer!r} needs a shape: give shape=")
    make = initializers.get(initializer)
    return make(tuple(shape), dtype="float32" if dtype is None else dtype)


def _values(value: Any) -> Array:
    """`as_array`, with Python's floating-point numbers and lists of them in single precision, as in Keras."""
    array = as_array(value)
    python = not isinstance(value, (Tensor, Variable, np.ndarray, np.generic))
    return array.astype(np.float32) if python and array.dtype == np.float64 else array
