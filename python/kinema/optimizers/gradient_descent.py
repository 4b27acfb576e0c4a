"""Gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from kinema import _rust
from kinema.autograd import Variable
from kinema.optimizers.optimizer import Optimizer, Rate
from kinema.optimizers.options import number
from kinema.saving.registry import builtin
from kinema.updates import Update


@builtin("keras.optimizers", "sgd")
class SGD(Optimizer):
    """Gradient descent, with optional momentum.

    Without momentum, `w -= learning_rate * g`. With it, `v = momentum * v - learning_rate * g` and `w += v`, or, with
    `nesterov`, `w += momentum * v - learning_rate * g`.

    Args:
        learning_rate: A number, a schedule or a function.
        momentum: How much of the last step goes into the next, from 0 to 1.
        nesterov: Look ahead along the momentum.
        weight_decay: See `Optimizer`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0], dtype="float32")
        >>> optimizer = kinema.optimizers.SGD(learning_rate=0.5)
        >>> _ = optimizer.apply_gradients([(kinema.Tensor([1.0]), w)])
        >>> w.numpy()
        array([0.5], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, **options)
        self.momentum = number("SGD", "momentum", momentum, 0, 1)
        self.nesterov = bool(nesterov)
        self._momentums: list[Variable] = []

    def add_slots(self) -> None:
        if self.momentum:
            self._momentums = self.add_optimizer_variables(self._trainable_variables, "momentum")

    def update_of(self, variable: Variable, learning_rate: float) -> Update:
        if not self.momentum:
            return Update(_rust.UpdateRule.sgd(learning_rate), (variable,))
        velocity = self._momentums[self.index(variable)]
        rule = _rust.UpdateRule.momentum(velocity.array, learning_rate, self.momentum, self.nesterov)
        return Update(rule, (variable, velocity))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
