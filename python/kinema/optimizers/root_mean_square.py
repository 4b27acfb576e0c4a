"""RMSprop: steps scaled by a running mean of squared gradients."""

from __future__ import annotations

from typing import Any

from kinema import _rust
from kinema.autograd import Variable
from kinema.optimizers.optimizer import Optimizer, Rate
from kinema.optimizers.options import number
from kinema.saving.registry import builtin
from kinema.updates import Update


@builtin("keras.optimizers", "rmsprop")
class RMSprop(Optimizer):
    """Divides each step by the root of a running mean of squared gradients.

    Args:
        learning_rate: A number, a schedule or a function.
        rho: How slowly the running mean forgets, from 0 to 1.
        momentum: How much of the last step goes into the next, from 0 to 1.
        epsilon: Added to the mean before the root.
        centered: Subtract the squared running mean of the gradient, so that its variance is what divides.
        weight_decay: See `Optimizer`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0], dtype="float32")
        >>> optimizer = kinema.optimizers.RMSprop(learning_rate=0.1, rho=0.75)
        >>> _ = optimizer.apply_gradients([(kinema.Tensor([3.0]), w)])
        >>> w.numpy().round(3)
        array([0.8], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, **options)
        self.rho = number("RMSprop", "rho", rho, 0, 1)
        self.momentum = number("RMSprop", "momentum", momentum, 0, 1)
        self.epsilon = number("RMSprop", "epsilon", 1e-7 if epsilon is None else epsilon, 0, 1)
        self.centered = bool(centered)
        self._velocities: list[Variable] = []
        self._momentums: list[Variable] = []
        self._average_gradients: list[Variable] = []

    def add_slots(self) -> None:
        variables = self._trainable_variables
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        if self.momentum:
            self._momentums = self.add_optimizer_variables(variables, "momentum")
        if self.centered:
            self._average_gradients = self.add_optimizer_variables(variables, "average_gradient")

    def update_of(self, variable: Variable, learning_rate: float) -> Update:
        index = self.index(variable)
        mean_square = self._velocities[index]
        average = self._average_gradients[index] if self.centered else None
        momentum = self._momentums[index] if self.momentum else None
        rule = _rust.UpdateRule.rmsprop(
            mean_square.array,
            None if average is None else average.array,
            None if momentum is None else momentum.array,
            learning_rate,
            self.rho,
            self.momentum,
            self.epsilon,
        )
        changed = (variable, mean_square, average, momentum)
        return Update(rule, tuple(one for one in changed if one is not None))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
