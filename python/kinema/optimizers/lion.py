"""Lion: steps of one size."""

from __future__ import annotations

from typing import Any

from kinema import _rust
from kinema.autograd import Variable
from kinema.errors import ArgumentError
from kinema.optimizers.optimizer import Optimizer, Rate
from kinema.optimizers.options import number
from kinema.saving.registry import builtin
from kinema.updates import Update


@builtin("keras.optimizers", "lion")
class Lion(Optimizer):
    """Moves every weight by the learning rate, in the direction of a mean of its gradients.

    It keeps one number for each weight. The learning rate wants to be a third to a tenth of Adam's, weight decay as
    much larger. Chen et al. (2023).

    Args:
        learning_rate: A number, a schedule or a function.
        beta_1: How much of the mean goes into a step's direction, above 0 and at most 1; the rest is the gradient.
        beta_2: How slowly the mean of the gradient forgets, from 0 to 1.
        weight_decay: See `Optimizer`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.

    Raises:
        ArgumentError: `beta_1` is 0, or an argument is out of range.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0, 1.0], dtype="float32")
        >>> optimizer = kinema.optimizers.Lion(learning_rate=0.25)
        >>> _ = optimizer.apply_gradients([(kinema.Tensor([3.0, -0.01]), w)])
        >>> w.numpy()
        array([0.75, 1.25], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, **options)
        self.beta_1 = number("Lion", "beta_1", beta_1, 0, 1)
        if not self.beta_1:
            raise ArgumentError(
                f"Lion: beta_1 must be above 0, got {beta_1!r}: with 0 the steps would not depend on past gradients"
            )
        self.beta_2 = number("Lion", "beta_2", beta_2, 0, 1)
        self._momentums: list[Variable] = []

    def add_slots(self) -> None:
        self._momentums = self.add_optimizer_variables(self._trainable_variables, "momentum")

    def update_of(self, variable: Variable, learning_rate: float) -> Update:
        momentum = self._momentums[self.index(variable)]
        rule = _rust.UpdateRule.lion(momentum.array, learning_rate, self.beta_1, self.beta_2)
        return Update(rule, (variable, momentum))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
