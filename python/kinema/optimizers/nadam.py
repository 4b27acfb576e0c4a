"""Nadam: Adam with Nesterov's look ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema import _rust, config
from kinema.autograd import Variable
from kinema.optimizers.moments import MomentOptimizer
from kinema.optimizers.optimizer import Optimizer
from kinema.saving.registry import builtin
from kinema.updates import Update


@builtin("keras.optimizers", "nadam")
class Nadam(MomentOptimizer):
    """Adam that looks ahead along its mean gradient, as Nesterov's momentum does.

    The mean gradient's momentum grows from half of `beta_1` to all of it, by `beta_1 * (1 - 0.5 * 0.96**step)`. Both
    means are corrected for starting at zero; `epsilon` is added to the corrected root, as in Keras. Dozat (2015).

    Args:
        learning_rate: A number, a schedule or a function.
        beta_1: How slowly the mean of the gradient forgets, from 0 to 1.
        beta_2: How slowly the mean of its square forgets, from 0 to 1.
        epsilon: Added to the root.
        weight_decay: See `Optimizer`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0], dtype="float32")
        >>> optimizer = kinema.optimizers.Nadam(learning_rate=0.25)
        >>> _ = optimizer.apply_gradients([(kinema.Tensor([3.0]), w)])
        >>> w.numpy().round(3)
        array([0.734], dtype=float32)
    """

    _momentums: list[Variable]
    _velocities: list[Variable]
    #: The product of all momentums so far; Keras gives it no name of its own.
    _u_product: Variable

    def add_slots(self) -> None:
        variables = self._trainable_variables
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        self._u_product = self.add_variable((), "ones", variables[0].dtype if variables else config.floatx())

    def update_of(self, variable: Variable, learning_rate: float) -> Update:
        index, step = self.index(variable), self._updates + 1
        momentum, velocity = self._momentums[index], self._velocities[index]
        now, ahead = self._momentum_at(step), self._momentum_at(step + 1)
        product = float(self._u_product.array) * now
        rule = _rust.UpdateRule.nadam(
            momentum.array,
            velocity.array,
            learning_rate,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            step,
            ahead / (1 - product * ahead),
            (1 - now) / (1 - product),
        )
        return Update(rule, (variable, momentum, velocity))

    def end_step(self) -> None:
        before = self._updates
        super().end_step()
        if self.built and self._updates > before:
            product = self._u_product.array * self._momentum_at(self._updates)
            self._u_product.assign(product)

    def _momentum_at(self, step: int) -> float:
        return self.beta_1 * (1 - 0.5 * 0.96**step)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
        """Makes the optimiser that `get_config`, of any Keras, described.

        In Keras 2, `decay` and `schedule_decay` are not the learning rate's: they say how fast the momentum grows,
        which is fixed since.
        """
        ours = {name: value for name, value in config.items() if name not in ("decay", "schedule_decay")}
        return super().from_config(ours, custom_objects)
