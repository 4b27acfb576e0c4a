"""Adamax: Adam with the largest gradient in the place of the mean square."""

from __future__ import annotations

from kinema import _rust
from kinema.autograd import Variable
from kinema.optimizers.moments import MomentOptimizer
from kinema.saving.registry import builtin
from kinema.updates import Update


@builtin("keras.optimizers", "adamax")
class Adamax(MomentOptimizer):
    """Steps along a running mean of the gradient, divided by the largest gradient, which fades.

    The mean is corrected for starting at zero. Kingma and Ba (2014), section 7.1.

    Args:
        learning_rate: A number, a schedule or a function.
        beta_1: How slowly the mean of the gradient forgets, from 0 to 1.
        beta_2: How slowly the largest gradient fades, from 0 to 1.
        epsilon: Added to the largest gradient.
        weight_decay: See `Optimizer`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0], dtype="float32")
        >>> optimizer = kinema.optimizers.Adamax(learning_rate=0.25)
        >>> _ = optimizer.apply_gradients([(kinema.Tensor([3.0]), w)])
        >>> w.numpy().round(3)
        array([0.75], dtype=float32)
    """

    _momentums: list[Variable]
    _norms: list[Variable]

    def add_slots(self) -> None:
        self._momentums, self._norms = self.add_optimizer_variables(self._trainable_variables, ["momentum", "norm"])

    def update_of(self, variable: Variable, learning_rate: float) -> Update:
        index = self.index(variable)
        momentum, norm = self._momentums[index], self._norms[index]
        rule = _rust.UpdateRule.adamax(
            momentum.array, norm.array, learning_rate, self.beta_1, self.beta_2, self.epsilon, self._updates + 1
        )
        return Update(rule, (variable, momentum, norm))
