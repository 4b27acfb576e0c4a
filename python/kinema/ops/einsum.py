"""Einstein's summation: sums of products, written as letters for axes."""

from __future__ import annotations

import builtins
import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kinema.autograd import Array, Tensor
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._contract import not_differentiable
from kinema.ops.creation import convert_to_tensor
from kinema.ops.diagonals import diagonal
from kinema.ops.elementwise import multiply
from kinema.ops.linalg import matmul
from kinema.ops.reductions import sum
from kinema.ops.shaping import broadcast_to, expand_dims, reshape, squeeze, transpose

#: The first of the labels that stand for the axes under an ellipsis, counted from the last axis.
_HIDDEN = 0x100


class _Term(NamedTuple):
    """A tensor and the label of each of its axes, none twice."""

    labels: str
    tensor: Tensor


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Tensor:
    """Sums of products over named axes.

    Two arrays at a time are brought into the order of a matrix product and multiplied as `matmul` does.

    Args:
        subscripts: A letter for every axis of every array, such as `"bij,bjk->bik"`: axes with one letter go together,
            those that are not in the output are summed over. `...` stands for any axes, which are broadcast.
        *operands: The arrays.
        **kwargs: `optimize` and others that Keras hands to its backend, which change nothing here.

    Raises:
        ArgumentError: The subscripts do not fit the arrays' number or make no sense.
        ShapeError: An array has another number of axes than letters, or one letter means two lengths.

    Example:
        >>> import kinema
        >>> kinema.ops.einsum("ij,jk->ki", [[1.0, 2.0]], [[3.0], [4.0]]).numpy()
        array([[11.]], dtype=float32)
    """
    tensors = [convert_to_tensor(operand) for operand in operands]
    inputs, output = _parsed(subscripts, [tensor.ndim for tensor in tensors])
    lengths = _lengths(subscripts, inputs, tensors)
    if builtins.all(tensor.dtype.kind != "f" for tensor in tensors):
        whole: Tensor = _einsum_of_whole_numbers(*tensors, subscripts=subscripts)
        return whole
    terms = [_distinct(labels, tensor, lengths) for labels, tensor in zip(inputs, tensors, strict=True)]
    for pair in _order(terms, output):
        chosen = [terms.pop(position) for position in sorted(pair, reverse=True)][::-1]
        needed = {*output, *(label for term in terms for label in term.labels)}
        left, right = (_summed(term, needed | _others(term, chosen)) for term in chosen)
        terms.append(_contracted(left, right, needed))
    last = _summed(terms[0], set(output))
    present = [label for label in output if label in last.labels]
    y: Tensor = transpose(last.tensor, [last.labels.index(label) for label in present])
    if len(present) < len(output):  # axes of length 1 that were left out
        missing = [axis for axis, label in enumerate(output) if label not in present]
        y = broadcast_to(expand_dims(y, missing), [lengths[label] for label in output])
    return y


def _parsed(subscripts: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The labels of the operands and of the output, with labels in the place of ellipses."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    parts = left.split(",")
    letters = left.replace("...", "").replace(",", "") + right.replace("...", "")
    if len(parts) != len(ranks) or not builtins.all(letter.isalpha() and letter.isascii() for letter in letters):
        raise ArgumentError(
            f"ops.einsum: subscripts {subscripts!r} do not describe {len(ranks)} arrays: "
            "write a letter for each axis, a comma between arrays, and '->' before the output, such as 'ij,jk->ik'"
        )
    inputs, most = [], 0
    for part, rank in zip(parts, ranks, strict=True):
        hidden = rank - len(part.replace("...", ""))
        if hidden < 0 or (hidden and "..." not in part):
            raise ShapeError(
                f"ops.einsum: {part!r} in {subscripts!r} does not name the axes of an array with {rank} axes"
            )
        inputs.append(part.replace("...", _hidden(hidden)))
        most = builtins.max(most, hidden if "..." in part else 0)
    if not arrow:
        once = sorted(letter for letter in {*letters} if letters.count(letter) == 1)
        return inputs, _hidden(most) + "".join(once)
    output = right.replace("...", _hidden(most))
    if len({*output}) < len(output) or not {*output} <= {*"".join(inputs)}:
        raise ArgumentError(f"ops.einsum: the output of {subscripts!r} names an axis twice or one that no array has")
    return inputs, output


def _hidden(count: int) -> str:
    return "".join(chr(_HIDDEN + i) for i in range(count))[::-1]


def _lengths(subscripts: str, inputs: Sequence[str], tensors: Sequence[Tensor]) -> dict[str, int]:
    """The length of the axis behind each label; where one array has length 1 the other decides."""
    lengths: dict[str, int] = {}
    for labels, tensor in zip(inputs, tensors, strict=True):
        for label, length in zip(labels, tensor.shape, strict=True):
            if lengths.setdefault(label, length) == 1:
                lengths[label] = length
            elif length not in (1, lengths[label]):
                raise ShapeError(
                    f"ops.einsum: an axis of {subscripts!r} has length {lengths[label]} in one array and {length} in "
                    f"another; the shapes are {', '.join(str(one.shape) for one in tensors)}"
                )
    return lengths


def _distinct(labels: str, tensor: Tensor, lengths: dict[str, int]) -> _Term:
    """A term without axes that would have to be broadcast, and with the diagonal where a label comes twice."""
    narrow = [axis for axis, label in enumerate(labels) if tensor.shape[axis] == 1 != lengths[label]]
    if narrow:
        tensor = squeeze(tensor, narrow)
        labels = "".join(label for axis, label in enumerate(labels) if axis not in narrow)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first, second = labels.index(label), labels.rindex(label)
            tensor = diagonal(tensor, axis1=first, axis2=second)
            labels = labels[:first] + labels[first + 1 : second] + labels[second + 1 :] + label
    return _Term(labels, tensor)


def _order(terms: Sequence[_Term], output: str) -> list[tuple[int, ...]]:
    """Which two terms are multiplied first, second, ...: NumPy's plan, or one after the other where it has none."""
    pairs: list[tuple[int, ...]] = [(0, 1)] * (len(terms) - 1)
    if len(terms) < 3:
        return pairs
    names = {label: chr(ord("A") + i) if i < 26 else chr(ord("a") + i - 26) for i, label in enumerate(_all(terms))}
    left = ",".join("".join(names[label] for label in term.labels) for term in terms)
    right = "".join(names[label] for label in output if label in names)
    arrays = [np.broadcast_to(0.0, term.tensor.shape) for term in terms]
    path = np.einsum_path(f"{left}->{right}", *arrays, optimize=("greedy", sys.maxsize))[0][1:]
    return path if builtins.all(len(step) == 2 for step in path) else pairs


def _all(terms: Sequence[_Term]) -> dict[str, None]:
    return dict.fromkeys(label for term in terms for label in term.labels)


def _others(term: _Term, chosen: Sequence[_Term]) -> set[str]:
    return {label for other in chosen if other is not term for label in other.labels}


def _summed(term: _Term, needed: set[str]) -> _Term:
    """The term summed over what nobody needs."""
    axes = [axis for axis, label in enumerate(term.labels) if label not in needed]
    if not axes:
        return term
    return _Term("".join(label for label in term.labels if label in needed), sum(term.tensor, axis=axes))


def _contracted(a: _Term, b: _Term, needed: set[str]) -> _Term:
    """Two terms multiplied, and summed over the labels that both have and nobody needs."""
    shared = [label for label in a.labels if label in b.labels]
    batch = "".join(label for label in shared if label in needed)
    inner = "".join(label for label in shared if label not in needed)
    rows = "".join(label for label in a.labels if label not in shared)
    columns = "".join(label for label in b.labels if label not in shared)
    shape = dict(zip(a.labels + b.labels, a.tensor.shape + b.tensor.shape, strict=True))

    def matrices(term: _Term, first: str, second: str) -> Tensor:
        order = [term.labels.index(label) for label in batch + first + second]
        sides = [math.prod(shape[label] for label in side) for side in (first, second)]
        result: Tensor = reshape(transpose(term.tensor, order), [shape[label] for label in batch] + sides)
        return result

    product = (matmul if inner else multiply)(matrices(a, rows, inner), matrices(b, inner, columns))
    labels = batch + rows + columns
    return _Term(labels, reshape(product, [shape[label] for label in labels]))


@not_differentiable
def _einsum_of_whole_numbers(*arrays: Array, subscripts: str) -> Array:
    return np.asarray(np.einsum(subscripts, *arrays))
