"""Adadelta: steps in the proportion of the gradient to the last gradients."""

from __future__ import annotations

from typing import Any

from kinema import _rust
from kinema.autograd import Variable
from kinema.optimizers.optimizer import Optimizer, Rate
from kinema.optimizers.options import number
from kinema.saving.registry import builtin
from kinema.updates import Update


@builtin("keras.optimizers", "adadelta")
class Adadelta(Optimizer):
    """Makes steps as large as the last ones, in the proportion of the gradient to the last gradients.

    The first steps are tiny, as `epsilon` is all they begin with. The learning rate multiplies them: 1 is the method as
    Zeiler (2012) published it.

    Args:
        learning_rate: A number, a schedule or a function.
        rho: How slowly the running means forget, from 0 to 1.
        epsilon: Added to both means before their roots.
        weight_decay: See `Optimizer`.
        **options: Clipping, `name`, and old spellings: see `Optimizer`.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0], dtype="float32")
        >>> optimizer = kinema.optimizers.Adadelta(learning_rate=1.0, rho=0.75, epsilon=0.25)
        >>> _ = optimizer.apply_gradients([(kinema.Tensor([3.0]), w)])
        >>> w.numpy().round(3)
        array([0.051], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.95,
        epsilon: float | None = 1e-7,
        weight_decay: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, **options)
        self.rho = number("Adadelta", "rho", rho, 0, 1)
        self.epsilon = number("Adadelta", "epsilon", 1e-7 if epsilon is None else epsilon, 0, 1)
        self._accumulated_grads: list[Variable] = []
        self._accumulated_delta_vars: list[Variable] = []

    def add_slots(self) -> None:
        self._accumulated_grads, self._accumulated_delta_vars = self.add_optimizer_variables(
            self._trainable_variables, ["accumulated_grad", "accumulated_delta_var"]
        )

    def update_of(self, variable: Variable, learning_rate: float) -> Update:
        index = self.index(variable)
        gradients, steps = self._accumulated_grads[index], self._accumulated_delta_vars[index]
        rule = _rust.UpdateRule.adadelta(gradients.array, steps.array, learning_rate, self.rho, self.epsilon)
        return Update(rule, (variable, gradients, steps))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
