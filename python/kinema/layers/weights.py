"""What owns variables: creates them, orders them, freezes them, gives and takes their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from kinema import config
from kinema.autograd import Array, Variable
from kinema.errors import NotBuiltError, ShapeError
from kinema.layers.tracking import tracked


class Growth:
    """How often any layer was given a variable or a layer, so that asking a model for new ones is rarely needed."""

    count = 0


class WeightOwner:
    """The part of a layer that holds variables and sublayers, both in the order in which they were assigned."""

    #: Attributes for a class's own workings: what they hold is neither tracked nor saved. A class that states them is
    #: one of Kinema's bases, whose other attributes and properties files leave out too.
    _internal_names: ClassVar[frozenset[str]] = frozenset()

    name: str
    dtype: str
    built: bool
    _layers: list[Any]  # of Layer, which this module must not know
    _variables: list[Variable]
    _trainable: bool

    @property
    def _title(self) -> str:
        """How errors call this layer."""
        return f"layer '{self.name}' ({type(self).__name__})"

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value if name in self._internal_names else tracked(value, self))

    def _track(self, item: Any) -> None:
        """Takes a layer or variable as one of this layer's own; ignores anything else, and what it has already."""
        store = self._store_of(item)
        if store is not None and not any(item is known for known in store):
            store.append(item)
            Growth.count += 1

    def _untrack(self, item: Any) -> None:
        """Forgets a layer or variable."""
        store = self._store_of(item)
        if store is not None:
            store[:] = [known for known in store if known is not item]

    def _store_of(self, item: Any) -> list[Any] | None:
        if isinstance(item, WeightOwner):
            return self._layers
        return self._variables if isinstance(item, Variable) else None

    def flatten_layers(self) -> Iterator[Any]:
        """This layer and all layers inside it."""
        waiting: list[Any] = [self]
        while waiting:
            layer = waiting.pop()
            yield layer
            waiting.extend(reversed(layer._layers))

    def add_weight(
        self,
        shape: Sequence[int] | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
        **_: Any,
    ) -> Variable:
        """Creates a variable that belongs to this layer.

        Args:
            shape: Its shape; `()` when None.
            initializer: A name such as "glorot_uniform", or a function of (shape, dtype). "glorot_uniform" when None.
            dtype: The layer's type when None.
            trainable: Whether training changes it.
            regularizer: A penalty for the loss.
            constraint: A function applied to it after each update.
            name: Its name in files and errors.
        """
        from kinema import constraints, initializers, regularizers

        fill = initializers.get("glorot_uniform" if initializer is None else initializer)
        variable = Variable(
            fill(tuple(shape or ()), dtype=config.standardize_dtype(dtype or self.dtype)),
            trainable=trainable and self._trainable,
            name=name or "variable",
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
        )
        variable.path = f"{self.name}/{variable.name}"
        variable.declared_trainable = trainable
        self._track(variable)
        return variable

    def _place_inside(self, layer: WeightOwner) -> None:
        """Puts this layer's name before the paths of the weights of one inside it."""
        for variable in layer.weights:
            if not variable.path.startswith(f"{self.name}/"):
                variable.path = f"{self.name}/{variable.path}"

    @property
    def compute_dtype(self) -> str:
        """The type that the layer computes in: its `dtype`."""
        return self.dtype

    @property
    def variable_dtype(self) -> str:
        """The type of the layer's weights: its `dtype`."""
        return self.dtype

    @property
    def weights(self) -> list[Variable]:
        """Every variable: the layer's own trainable ones, its own others, then those of its sublayers."""
        found: dict[int, Variable] = {}
        self._collect_weights(found)
        return list(found.values())

    def _collect_weights(self, found: dict[int, Variable]) -> None:
        for trainable in (True, False):
            for variable in self._variables:
                if bool(variable.declared_trainable) is trainable:
                    found.setdefault(id(variable), variable)
        for layer in self._layers:
            layer._collect_weights(found)

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes."""
        return [weight for weight in self.weights if weight.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that training leaves alone."""
        return [weight for weight in self.weights if not (weight.trainable and self.trainable)]

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights. Setting it sets it for all sublayers too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._variables:
            variable.trainable = self._trainable and variable.declared_trainable
        for layer in self._layers:
            layer.trainable = value

    def get_weights(self) -> list[Array]:
        """Copies of all weights, in the order of `weights`."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Takes over the values of arrays, in the order of `weights`.

        Raises:
            ShapeError: Their number or one of their shapes does not fit; nothing has been changed then.
        """
        mine = self.weights
        if len(weights) != len(mine):
            raise ShapeError(
                f"{self._title} has {len(mine)} weights, set_weights got {len(weights)} arrays"
                + ("" if self.built else ": the layer is not built yet, call it or model.build(input_shape) first")
            )
        for variable, value in zip(mine, weights, strict=True):
            if np.shape(value) != variable.shape:
                raise ShapeError(
                    f"{self._title}: weight '{variable.path}' has shape {variable.shape}, "
                    f"set_weights got {np.shape(value)}"
                )
        for variable, value in zip(mine, weights, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """The number of all weights' elements."""
        if not self.built:
            raise NotBuiltError(
                f"{self._title} has no weights before it is built: "
                "call it on data or give the model an input shape first"
            )
        return sum(weight.size for weight in self.weights)
