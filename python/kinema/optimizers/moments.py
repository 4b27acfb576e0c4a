"""What Adam and its relatives share: their settings."""

from __future__ import annotations

from typing import Any

from kinema.optimizers.optimizer import Optimizer, Rate
from kinema.optimizers.options import number


class MomentOptimizer(Optimizer):
    """Steps along a running mean of the gradient, divided by its size.

    Args:
        learning_rate: A number, a schedule or a function.
        beta_1: How slowly the mean of the gradient forgets, from 0 to 1.
        beta_2: How slowly its size forgets, from 0 to 1.
        epsilon: Added to the size.
        weight_decay: See `Optimizer`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        weight_decay: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, **options)
        owner = type(self).__name__
        self.beta_1 = number(owner, "beta_1", beta_1, 0, 1)
        self.beta_2 = number(owner, "beta_2", beta_2, 0, 1)
        self.epsilon = number(owner, "epsilon", 1e-7 if epsilon is None else epsilon, 0, 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
