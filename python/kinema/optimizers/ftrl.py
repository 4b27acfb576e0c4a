"""FTRL: weights that would have been best for all gradients so far."""

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

_PENALTIES = ("l1_regularization_strength", "l2_regularization_strength", "l2_shrinkage_regularization_strength")


@builtin("keras.optimizers", "ftrl")
class Ftrl(Optimizer):
    """Follows the regularised leader: the weights that would have been best for all gradients so far.

    Made for wide linear models with rare features, whose weights it keeps at exactly zero where
    `l1_regularization_strength` asks for it. Weights are computed from the slots alone: their first values are gone
    after a step. McMahan et al. (2013).

    Args:
        learning_rate: A number, a schedule or a function.
        learning_rate_power: Which power of the sum of squared gradients multiplies the learning rate, at most 0: with 0
            it stays as it is.
        initial_accumulator_value: What the sums begin with, not negative.
        l1_regularization_strength: How strongly weights are drawn to exactly zero.
        l2_regularization_strength: How strongly large weights are drawn back.
        l2_shrinkage_regularization_strength: The factor of a penalty on the squares of the weights, added to the loss.
        beta: Slows the first steps.
        weight_decay: See `Optimizer`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([0.0, 0.0], dtype="float32")
        >>> optimizer = kinema.optimizers.Ftrl(0.5, initial_accumulator_value=0.0, l1_regularization_strength=1.0)
        >>> _ = optimizer.apply_gradients([(kinema.Tensor([4.0, 0.5]), w)])
        >>> w.numpy()
        array([-0.375,  0.   ], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        weight_decay: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, **options)
        penalties = (l1_regularization_strength, l2_regularization_strength, l2_shrinkage_regularization_strength)
        self.l1_regularization_strength, self.l2_regularization_strength, self.l2_shrinkage_regularization_strength = (
            number("Ftrl", name, strength, 0, math.inf) for name, strength in zip(_PENALTIES, penalties, strict=True)
        )
        self.learning_rate_power = number("Ftrl", "learning_rate_power", learning_rate_power, -math.inf, 0)
        self.initial_accumulator_value = number(
            "Ftrl", "initial_accumulator_value", initial_accumulator_value, 0, math.inf
        )
        self.beta = number("Ftrl", "beta", beta, 0, math.inf)
        self._accumulators: list[Variable] = []
        self._linears: list[Variable] = []

    def add_slots(self) -> None:
        self._accumulators, self._linears = self.add_optimizer_variables(
            self._trainable_variables,
            ["accumulator", "linear"],
            [Constant(self.initial_accumulator_value), "zeros"],
        )

    def update_of(self, variable: Variable, learning_rate: float) -> Update:
        index = self.index(variable)
        accumulator, linear = self._accumulators[index], self._linears[index]
        rule = _rust.UpdateRule.ftrl(
            accumulator.array,
            linear.array,
            learning_rate,
            self.learning_rate_power,
            self.l1_regularization_strength,
            self.l2_regularization_strength,
            self.l2_shrinkage_regularization_strength,
            self.beta,
        )
        return Update(rule, (variable, accumulator, linear))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            **{name: getattr(self, name) for name in _PENALTIES},
            "beta": self.beta,
        }
