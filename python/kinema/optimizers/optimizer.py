"""What every optimiser shares: the learning rate, clipping, weight decay, slots, and the order of a step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from kinema import _rust, config
from kinema._warnings import warn
from kinema.autograd import Array, Variable, as_array
from kinema.errors import ArgumentError, DTypeError, ShapeError
from kinema.optimizers.accumulation import GradientAccumulation
from kinema.optimizers.averages import WeightAverages
from kinema.optimizers.decay import Undecayed
from kinema.optimizers.options import Options, from_old_config
from kinema.optimizers.schedules import LearningRateSchedule
from kinema.optimizers.shown_numbers import Iterations, LearningRate
from kinema.optimizers.slots import Slots
from kinema.saving.registry import serialize_keras_object
from kinema.updates import Update

Rate = float | LearningRateSchedule | Callable[..., Any]


class Optimizer(Slots):
    """Updates variables from their gradients.

    A step is `begin_step()`, `update_variable(gradient, variable)` once per variable in any order, `end_step()`;
    `apply` and `apply_gradients` do all three. The gradient is clipped first, then weight decay shrinks the variable,
    then the optimiser's own rule is applied, then the variable's constraint.

    To write your own, subclass it with `build(variables)`, which makes the slots, `update_step(gradient, variable,
    learning_rate)` and `get_config()`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a function without arguments.
        weight_decay: Each step subtracts `weight_decay * learning_rate` times the variable from it.
        **options: `clipnorm` (each gradient's largest norm), `clipvalue` (each gradient element's largest magnitude) or
            `global_clipnorm` (the largest norm of all gradients together); `gradient_accumulation_steps` (only every
            so many steps change the weights, by the mean of their gradients: a large batch in the memory of a small
            one); `use_ema` (the weights are averaged over the steps, with `ema_momentum`, and become their averages
            at the end of `fit`, or every `ema_overwrite_frequency` steps); `name`; and the old spellings `lr` and
            `decay`.

    Raises:
        ArgumentError: An argument is unknown or out of range, or more than one kind of clipping is asked for.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([1.0], dtype="float32")
        >>> optimizer = kinema.optimizers.SGD(learning_rate=0.5, clipvalue=1.0)
        >>> optimizer.apply_gradients([(kinema.Tensor([4.0]), w)])
        1
        >>> w.numpy()
        array([0.5], dtype=float32)
    """

    def __init__(self, learning_rate: Rate, weight_decay: float | None = None, **options: Any) -> None:
        settings = Options(type(self).__name__, learning_rate, weight_decay, options)
        self.name = settings.name
        self.weight_decay = settings.weight_decay
        self.clipnorm = settings.clipnorm
        self.clipvalue = settings.clipvalue
        self.global_clipnorm = settings.global_clipnorm
        self.use_ema = settings.use_ema
        self.ema_momentum = settings.ema_momentum
        self.ema_overwrite_frequency = settings.ema_overwrite_frequency
        self.gradient_accumulation_steps = settings.gradient_accumulation_steps
        self._averages: WeightAverages | None = None
        self._accumulation: GradientAccumulation | None = None
        self._undecayed: Undecayed | None = None
        self.built = False
        self._iterations = Variable(np.int64(0), trainable=False, name="iteration")
        self._slots: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._indices: dict[int, int] = {}
        self._step_rate = 0.0
        self._learning_rate: Variable | LearningRateSchedule | Callable[..., Any]
        if callable(settings.learning_rate):
            self._learning_rate = settings.learning_rate
        else:
            rate = np.asarray(settings.learning_rate, config.floatx())
            self._learning_rate = Variable(rate, trainable=False, name="learning_rate")
        for variable in self.variables:
            variable.path = f"{self.name}/{variable.name}"

    @property
    def iterations(self) -> Iterations:
        """How many steps have changed the weights. Set it with its `assign(number)`, as a warm restart does."""
        return Iterations("iteration", self._iterations.dtype, lambda: self._updates, self._set_updates)

    @property
    def _updates(self) -> int:
        return self._steps // (self.gradient_accumulation_steps or 1)

    def _set_updates(self, value: Any) -> None:
        count = as_array(value)
        if count.ndim or count.dtype.kind not in "iuf" or not (count >= 0 and count % 1 == 0):
            raise ArgumentError(f"{type(self).__name__}: iterations is a whole number of at least 0, not {value!r}")
        self._iterations.assign(np.int64(count) * (self.gradient_accumulation_steps or 1))

    @property
    def loss_scale_factor(self) -> None:
        """None: losses are not scaled, which the types that Kinema computes in do not need."""
        return None

    @property
    def _steps(self) -> int:
        return int(self._iterations.array)

    @property
    def learning_rate(self) -> LearningRate:
        """The learning rate of the next step. Set it to a number, or to a schedule, or use its `assign(number)`."""
        kept = self._learning_rate
        dtype = kept.dtype if isinstance(kept, Variable) else config.floatx()
        return LearningRate("learning_rate", dtype, self._current_rate, partial(setattr, self, "learning_rate"))

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if callable(value):
            self._learning_rate = value
            return
        if not isinstance(self._learning_rate, Variable):
            raise DTypeError(
                f"{type(self).__name__} was made with a learning-rate schedule, which decides the rate at each step: "
                "make the optimizer with a number to set its learning rate, or assign another schedule"
            )
        number = float(as_array(value))
        if not (math.isfinite(number) and number >= 0):
            raise ArgumentError(f"{type(self).__name__}: learning_rate must be finite and not negative, got {number}")
        self._learning_rate.assign(np.asarray(number, self._learning_rate.dtype))

    def _current_rate(self) -> float:
        if isinstance(self._learning_rate, Variable):
            return float(self._learning_rate.array)
        if isinstance(self._learning_rate, LearningRateSchedule):
            return float(as_array(self._learning_rate(self._steps)))
        return float(as_array(self._learning_rate()))

    @property
    def lr(self) -> LearningRate:
        """The old name of `learning_rate`."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    @property
    def variables(self) -> list[Variable]:
        """Everything that training changes here: the step, the learning rate if it is a number, and the slots."""
        rate = [self._learning_rate] if isinstance(self._learning_rate, Variable) else []
        return [self._iterations, *rate, *self._slots]

    @property
    def needs_all_gradients(self) -> bool:
        """Whether an update depends on other variables' gradients, so that they must be collected first."""
        return self.global_clipnorm is not None

    def build(self, variables: Iterable[Variable]) -> None:
        """Notes which variables there are; subclasses add their slots. Does nothing the second time."""
        if self.built:
            return
        self._trainable_variables = list(variables)
        self._indices = {id(variable): index for index, variable in enumerate(self._trainable_variables)}
        self.built = True
        if self.use_ema:
            averages = self.add_optimizer_variables(self._trainable_variables, "average")
            self._averages = WeightAverages(self.ema_momentum, self._trainable_variables, averages)
        if self.gradient_accumulation_steps:
            sums = self.add_optimizer_variables(self._trainable_variables, "gradient_accumulator")
            self._accumulation = GradientAccumulation(self.gradient_accumulation_steps, sums)
        self.add_slots()

    def add_slots(self) -> None:
        """Makes the variables that the rule keeps beside each trainable one. Overridden where there are any."""

    def begin_step(self) -> None:
        """Fixes the learning rate for the updates that follow."""
        self._step_rate = self._current_rate()

    def update_variable(self, gradient: Any, variable: Variable) -> None:
        """Applies one variable's gradient, or keeps it for a later step that does."""
        array = self._gathered(gradient, variable)
        if array is not None:
            self._change(variable, self._clip(array))

    def _gathered(self, gradient: Any, variable: Variable) -> Array | None:
        """The gradient that changes a variable in this step; None in one that only adds to it."""
        if id(variable) not in self._indices:
            raise ArgumentError(
                f"{type(self).__name__} does not know variable '{variable.path}': an optimizer updates the variables "
                "it was built with. Compile the model again, or make a new optimizer"
            )
        array = as_array(gradient)
        if array.dtype != variable.dtype or not array.flags.c_contiguous:
            array = np.asarray(array, dtype=variable.dtype, order="C")
        if array.shape != variable.shape:
            raise ShapeError(
                f"the gradient of '{variable.path}' has shape {array.shape}, the variable has {variable.shape}: they "
                "must match"
            )
        if self._accumulation is None:
            return array
        if self._accumulation.completes(self._steps):
            return self._accumulation.mean(self.index(variable), array)
        self._accumulation.add(self.index(variable), array)
        return None

    def _change(self, variable: Variable, gradient: Array) -> None:
        if self.weight_decay and (decay := self._decay_of(variable)):
            _rust.weight_decay(variable.array, decay)
            variable.bump()
        if type(gradient) is not np.ndarray:  # of arrays with one number NumPy makes numbers
            gradient = np.asarray(gradient)
        self.update_step(gradient, variable, self._step_rate)
        if variable.constraint is not None:
            variable.assign(variable.constraint(variable))

    def update_step(self, gradient: Array, variable: Variable, learning_rate: float) -> None:
        """The optimiser's own rule: changes `variable` and its slots in place."""
        update = self.update_of(variable, learning_rate)
        if update is None:
            raise NotImplementedError(f"{type(self).__name__} needs update_step(gradient, variable, learning_rate)")
        update.rule.update(variable.array, gradient)
        update.done()

    def update_of(self, variable: Variable, learning_rate: float) -> Update | None:
        """The optimiser's own rule for a variable as one that kernels know; None where it is `update_step`'s own code.

        It is None here.
        """
        return None

    def lone_update(self, variable: Variable) -> Update | None:
        """All that this step does to a variable, if each weight's change depends on its own gradient alone.

        None where the whole gradient is needed (clipping), where something comes after the rule (a constraint), and
        where a subclass has code of its own for any part of it: then the gradient goes to `update_variable`.
        """
        ours = (Optimizer.update_step, Optimizer.update_variable, Optimizer._clip)
        cls = type(self)
        clips = self.clipvalue is not None or self.clipnorm is not None or self.global_clipnorm is not None
        if (cls.update_step, cls.update_variable, cls._clip) != ours or clips:
            return None
        if variable.constraint is not None or id(variable) not in self._indices or self._accumulation is not None:
            return None
        update = self.update_of(variable, self._step_rate)
        return update and update._replace(decay=self._decay_of(variable))

    def _decay_of(self, variable: Variable) -> float:
        """The part of a variable that this step subtracts from it."""
        spared = self._undecayed is not None and self._undecayed.has(variable)
        return 0.0 if spared else (self.weight_decay or 0.0) * self._step_rate

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Spares variables from weight decay; before training, as often as you like, the last call counts.

        Args:
            var_list: Variables.
            var_names: Regular expressions: variables in whose name one of them is found, such as `["bias", "gamma"]`.
        """
        if self.built:
            raise ArgumentError("exclude_from_weight_decay comes before training: the optimizer has begun already")
        self._undecayed = Undecayed(var_list or (), var_names or ())

    def end_step(self) -> None:
        """Counts the step, and averages the weights if `use_ema` asks for it."""
        if self._accumulation is not None and self._accumulation.completes(self._steps):
            self._accumulation.clear()
        if self._averages is not None:
            self._averages.follow(first=self._updates == 0)
            if self.ema_overwrite_frequency and (self._updates + 1) % self.ema_overwrite_frequency == 0:
                self._averages.overwrite(self._trainable_variables)
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Gives variables their averages if `use_ema` asks for it, as `fit` does at its end."""
        if self._averages is not None and self._steps:
            self._averages.overwrite(list(var_list))

    def show_averages(self, shown: bool) -> None:
        """Puts the averages that `use_ema` keeps in the place of the weights, or the weights back."""
        if self._averages is not None and self._steps:
            self._averages.show(shown)

    def apply(self, grads: Sequence[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """Takes a whole step.

        Args:
            grads: One gradient per variable; None for a variable without, which is left alone with a warning.
            trainable_variables: The variables, in the same order; those the optimiser was built with when None.
        """
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        if len(grads) != len(variables):
            raise ShapeError(f"{len(grads)} gradients came for {len(variables)} variables: give one for each")
        self.build(variables)
        pairs = [
            (gradient, variable) for gradient, variable in zip(grads, variables, strict=True) if gradient is not None
        ]
        if not pairs:
            raise ArgumentError("no gradient was given for any variable: was the loss computed inside the tape?")
        if len(pairs) < len(variables):
            missing = [variable.path for gradient, variable in zip(grads, variables, strict=True) if gradient is None]
            warn(f"no gradient reaches {', '.join(missing)}: they stay as they are")
        self.begin_step()
        if self.global_clipnorm is not None:
            self._update_together(pairs, self.global_clipnorm)
        else:
            for gradient, variable in pairs:
                self.update_variable(gradient, variable)
        self.end_step()

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> int:
        """Takes a step from (gradient, variable) pairs and gives the number of steps so far."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self.iterations

    def _clip(self, gradient: Array) -> Array:
        if self.clipvalue is not None:
            return np.clip(gradient, -self.clipvalue, self.clipvalue)
        if self.clipnorm is not None:
            norm = math.sqrt(_rust.sum_of_squares(gradient))
            if norm > self.clipnorm:
                gradient = gradient * gradient.dtype.type(self.clipnorm / norm)
        return gradient

    def _update_together(self, pairs: Iterable[tuple[Any, Variable]], limit: float) -> None:
        """Applies gradients whose norm, of all of them together, comes down to a limit."""
        gathered = [(self._gathered(gradient, variable), variable) for gradient, variable in pairs]
        ready = [(gradient, variable) for gradient, variable in gathered if gradient is not None]
        norm = math.sqrt(sum(_rust.sum_of_squares(gradient) for gradient, _ in ready))
        for gradient, variable in ready:
            self._change(variable, gradient * gradient.dtype.type(limit / norm) if norm > limit else gradient)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for a file."""
        rate = self._learning_rate
        return {
            "name": self.name,
            "learning_rate": self._current_rate() if isinstance(rate, Variable) else serialize_keras_object(rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
        """Makes the optimiser that `get_config`, of any Keras, described."""
        return cls(**from_old_config(config, custom_objects))

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets all `variables`, in order."""
        if len(weights) != len(self.variables):
            raise ShapeError(
                f"{type(self).__name__} has {len(self.variables)} variables, {len(weights)} arrays came: build it "
                "for the same model first"
            )
        for variable, weight in zip(self.variables, weights, strict=True):
            variable.assign(weight)

    def get_weights(self) -> list[Array]:
        """Copies of all `variables`, in order."""
        return [variable.numpy() for variable in self.variables]

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._indices = {id(variable): index for index, variable in enumerate(self._trainable_variables)}
