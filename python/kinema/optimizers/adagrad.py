"""Adagrad: steps that shrink with the gradients so far."""

from __future__ import annotations

import math
from typing import Any

from kinema import _rust
from kinema.autograd import Variable
from kinema.initializers import Constant
from kinema.optimizers.optimizer import Optimizer, Rate
from kinema.optimizers.options import number
from kinema.saving.registry import builtin
from kinema.updates import Update


@builtin("keras.optimizers", "adagrad")
class Adagrad(Optimizer):
    """Divides each step by the root of the sum of all squared gradients so far.

    Weights that rarely have a gradient keep their large steps. The learning rate wants to be larger than with other
    optimisers. Duchi et al. (2011).

    Args:
        learning_rate: A number, a schedule or a function.
        initial_accumulator_value: What the sums begin with, not negative.
        epsilon: Added to the sum before the root.
        weight_decay: See `Optimizer`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0], dtype="float32")
        >>> optimizer = kinema.optimizers.Adagrad(learning_rate=0.5, initial_accumulator_value=16.0)
        >>> _ = optimizer.apply_gradients([(kinema.Tensor([3.0]), w)])
        >>> w.numpy().round(3)
        array([0.7], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float | None = 1e-7,
        weight_decay: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, **options)
        self.initial_accumulator_value = number(
            "Adagrad", "initial_accumulator_value", initial_accumulator_value, 0, math.inf
        )
        self.epsilon = number("Adagrad", "epsilon", 1e-7 if epsilon is None else epsilon, 0, 1)
        self._accumulators: list[Variable] = []

    def add_slots(self) -> None:
        self._accumulators = self.add_optimizer_variables(
            self._trainable_variables, "accumulator", initializer=Constant(self.initial_accumulator_value)
        )

    def update_of(self, variable: Variable, learning_rate: float) -> Update:
        accumulator = self._accumulators[self.index(variable)]
        rule = _rust.UpdateRule.adagrad(accumulator.array, learning_rate, self.epsilon)
        return Update(rule, (variable, accumulator))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
