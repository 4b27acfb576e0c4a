"""Adam and its variant with decoupled weight decay."""

from __future__ import annotations

from typing import Any

from kinema import _rust
from kinema.autograd import Variable
from kinema.optimizers.moments import MomentOptimizer
from kinema.optimizers.optimizer import Rate
from kinema.saving.registry import builtin
from kinema.updates import Update


@builtin("keras.optimizers", "adam")
class Adam(MomentOptimizer):
    """Steps along a running mean of the gradient, divided by the root of a running mean of its square.

    Both means are corrected for starting at zero. `epsilon` is added to the uncorrected root, as in Keras.

    Args:
        learning_rate: A number, a schedule or a function.
        beta_1: How slowly the mean of the gradient forgets, from 0 to 1.
        beta_2: How slowly the mean of its square forgets, from 0 to 1.
        epsilon: Added to the root.
        amsgrad: Divide by the largest mean square so far instead of the current one.
        weight_decay: See `Optimizer`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0], dtype="float32")
        >>> optimizer = kinema.optimizers.Adam(learning_rate=0.25)
        >>> _ = optimizer.apply_gradients([(kinema.Tensor([3.0]), w)])
        >>> w.numpy().round(3)
        array([0.75], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, weight_decay, **options)
        self.amsgrad = bool(amsgrad)
        self._momentums: list[Variable] = []
        self._velocities: list[Variable] = []
        self._velocity_hats: list[Variable] = []

    def add_slots(self) -> None:
        variables = self._trainable_variables
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        if self.amsgrad:
            self._velocity_hats = self.add_optimizer_variables(variables, "velocity_hat")

    def update_of(self, variable: Variable, learning_rate: float) -> Update:
        index = self.index(variable)
        momentum, velocity = self._momentums[index], self._velocities[index]
        largest = self._velocity_hats[index] if self.amsgrad else None
        rule = _rust.UpdateRule.adam(
            momentum.array,
            velocity.array,
            None if largest is None else largest.array,
            learning_rate,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            self._updates + 1,
        )
        return Update(rule, (variable, momentum, velocity, *(() if largest is None else (largest,))))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "amsgrad": self.amsgrad}


@builtin("keras.optimizers", "adamw")
class AdamW(Adam):
    """Adam with weight decay that does not pass through its means.

    Args:
        learning_rate: A number, a schedule or a function.
        weight_decay: Each step subtracts `weight_decay * learning_rate` times the variable from it.
        beta_1: See `Adam`.
        beta_2: See `Adam`.
        epsilon: See `Adam`.
        amsgrad: See `Adam`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0], dtype="float32")
        >>> optimizer = kinema.optimizers.AdamW(learning_rate=0.25, weight_decay=0.4)
        >>> _ = optimizer.apply_gradients([(kinema.Tensor([3.0]), w)])
        >>> w.numpy().round(3)
        array([0.65], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, **options)
