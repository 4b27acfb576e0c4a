"""Orthogonal matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import _rust, config
from kinema.autograd import Array, Tensor
from kinema.errors import ShapeError
from kinema.initializers.distributions import RandomInitializer, normal
from kinema.initializers.initializer import MODULE
from kinema.saving.registry import builtin

#: Vectors are made orthogonal to earlier ones in blocks of this many, by matrix products.
_BLOCK = 32


@builtin(MODULE, "orthogonal", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthogonal columns of length `gain`, or rows where there are fewer of them.

    All axes but the last count as rows.

    Args:
        gain: The length of the columns.
        seed: See `RandomInitializer`.

    Raises:
        ShapeError: The weight has fewer than two axes.

    Example:
        >>> import numpy as np
        >>> import kinema
        >>> q = kinema.initializers.Orthogonal(seed=1)((3, 3), dtype="float64").numpy()
        >>> bool(np.abs((q.T[:, None] * q.T).sum(axis=2) - np.eye(3)).max() < 1e-12)
        True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal fills weights of two axes or more, not of shape {tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        vectors = normal((min(rows, columns), max(rows, columns)), self.key(), "float64")
        _orthonormalise(vectors)
        matrix = vectors if rows < columns else vectors.T
        return Tensor((self.gain * matrix).reshape(tuple(shape)).astype(dtype or config.floatx()))

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "gain": self.gain}


def _orthonormalise(vectors: Array) -> None:
    """Gram-Schmidt over the rows, in place: each projection is done twice, which makes it exact to rounding."""
    for start in range(0, len(vectors), _BLOCK):
        done, block = vectors[:start], vectors[start : start + _BLOCK]
        for _ in range(2 if start else 0):
            block -= _rust.matmul(_rust.matmul(np.array(block), done, False, True), done, False, False)
        for i, vector in enumerate(block):
            for _ in range(2):
                vector -= ((block[:i] * vector).sum(axis=1, keepdims=True) * block[:i]).sum(axis=0)
            vector /= np.sqrt((vector * vector).sum())
