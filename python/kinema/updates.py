"""Updates that happen while a gradient is computed: what optimisers offer and ops accept.

The gradient of a large matrix of weights is as large as the weights, and most of what a training step does with it is
to write it to memory and read it back. An op that can do better gives a `SpendableGradient` instead of an array, and an
optimiser whose rule for a variable needs that gradient alone gives an `Update`. The tape (`kinema.autograd`) brings the
two together once nothing else can add to the gradient. The bits are those of the gradient computed first and applied
afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kinema import _rust
from kinema.tensor import Array, Variable


class Update(NamedTuple):
    """What a step of an optimiser does to one variable.

    Args:
        rule: How the gradient changes weights and slots.
        changed: The variable and its slots.
        decay: The part of the weights that is subtracted from them first.
    """

    rule: _rust.UpdateRule
    changed: tuple[Variable, ...]
    decay: float = 0.0

    def done(self) -> None:
        """Notes that the arrays have been written in place."""
        for variable in self.changed:
            variable.bump()


class SpendableGradient:
    """A gradient that is not computed yet, and may be spent on the update of its variable instead of being written out.

    Args:
        weights: The array that it is the gradient of.
        compute: Computes it.
        spend: `spend(update, wanted)` changes the weights by it. `wanted` says of which of the op's inputs a gradient
            is going to be asked for; those that depend on the weights are computed with the weights as they were.
    """

    def __init__(
        self, weights: Array, compute: Callable[[], Array], spend: Callable[[Update, Sequence[bool]], None]
    ) -> None:
        self.weights = weights
        self._compute = compute
        self._spend = spend

    def __call__(self) -> Array:
        return self._compute()

    def spend(self, update: Update, wanted: Sequence[bool]) -> None:
        """Changes the weights as the update says."""
        self._spend(update, wanted)
        update.done()
