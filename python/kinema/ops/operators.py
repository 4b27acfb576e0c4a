"""The operators of tensors and variables, which are ops."""

from __future__ import annotations

from typing import Any

from kinema.autograd import Tensor, Variable
from kinema.ops import comparison, elementwise, indexing, linalg
from kinema.ops._contract import Op

_BINARY: dict[str, Op] = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.divide,
    "floordiv": elementwise.floor_divide,
    "mod": elementwise.mod,
    "pow": elementwise.power,
    "matmul": linalg.matmul,
    "and": comparison.logical_and,
    "or": comparison.logical_or,
}
_COMPARISONS: dict[str, Op] = {
    "eq": comparison.equal,
    "ne": comparison.not_equal,
    "lt": comparison.less,
    "le": comparison.less_equal,
    "gt": comparison.greater,
    "ge": comparison.greater_equal,
}
_UNARY: dict[str, Op] = {"neg": elementwise.negative, "abs": elementwise.absolute, "invert": comparison.logical_not}


def install() -> None:
    """Gives tensors and variables their operators. They stay hashable, by identity."""
    for kind in (Tensor, Variable):
        for name, op in _BINARY.items():
            setattr(kind, f"__{name}__", _operator(op))
            setattr(kind, f"__r{name}__", _reflected(op))
        for name, op in _COMPARISONS.items():
            setattr(kind, f"__{name}__", _comparison(op))
        for name, op in _UNARY.items():
            setattr(kind, f"__{name}__", _unary(op))
        setattr(kind, "__getitem__", indexing.getitem)  # noqa: B010
        setattr(kind, "__hash__", object.__hash__)  # noqa: B010


def _operator(op: Op) -> Op:
    return lambda self, other: op(self, other)


def _reflected(op: Op) -> Op:
    return lambda self, other: op(other, self)


def _unary(op: Op) -> Op:
    return lambda self: op(self)


def _comparison(op: Op) -> Op:
    def compare(self: Any, other: Any) -> Any:
        # Tensors compare with numbers and arrays; with None, strings and the like by identity.
        return NotImplemented if other is None or isinstance(other, (str, bytes, type)) else op(self, other)

    return compare
