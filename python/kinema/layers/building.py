"""How layers get their weights: from the shape of their input, sublayers by a call on zeros of that shape."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from kinema._silence import without_warnings
from kinema.autograd import no_tape
from kinema.errors import KinemaError
from kinema.layers.structure import map_shapes
from kinema.layers.weights import WeightOwner


class Buildable(WeightOwner):
    """The part of a layer that is built for an input shape."""

    _build_shape: Any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _noting_that_it_ran(cls.build)  # type: ignore[method-assign]

    def build(self, input_shape: Any) -> None:
        """Creates the weights for inputs of this shape (batch axis None). Subclasses with weights override it."""
        self.built = True

    def ensure_built(self, input_shape: Any) -> None:
        """Builds the layer, and the layers inside, for this input shape unless that has been done."""
        if self.built:
            self._note_build_shape(input_shape)
            return
        with self._naming_errors():
            self.build(input_shape)
        self._note_build_shape(input_shape)
        self._build_sublayers(input_shape)

    def _note_build_shape(self, input_shape: Any) -> None:
        if self._build_shape is None:
            self._build_shape = input_shape
            for variable in self._variables:
                variable.path = f"{self.name}/{variable.name}"

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build` was called with, for files."""
        return None if self._build_shape is None else {"input_shape": self._build_shape}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layer as `get_build_config` described."""
        if (given := config.get("input_shape")) is None:
            return
        shape = map_shapes(given, tuple)
        self.ensure_built(shape)
        failure = self._build_sublayers(shape)
        if failure is not None:
            warnings.warn(
                f"{self._title} is not built whole, because its call failed on zeros of the shape {shape} that it was "
                f"saved with: {failure}",
                stacklevel=2,
            )

    @without_warnings
    def _build_sublayers(self, input_shape: Any) -> Exception | None:
        """Calls the layer on zeros where layers inside have no weights yet; gives the error if that fails."""
        if all(layer.built for layer in self._layers):
            return None
        layer: Any = self
        kept = [(variable, variable.numpy()) for variable in self.non_trainable_weights]
        zeros = map_shapes(input_shape, lambda shape: np.zeros([1 if n is None else n for n in shape], self.dtype))
        try:
            with no_tape():
                layer(zeros, training=False)
        except Exception as error:  # the call on data says what is wrong, if it fails too
            return error
        finally:
            for variable, value in kept:
                variable.assign(value)
            layer.clear_losses()
            for inner in self.flatten_layers():
                if getattr(inner, "stateful", False) and hasattr(inner, "reset_state"):
                    inner.reset_state()
        return None

    @contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except KinemaError as error:
            self._name_in(error)
            raise

    def _name_in(self, error: KinemaError) -> None:
        if error.args and isinstance(error.args[0], str) and not error.args[0].startswith("layer '"):
            error.args = (f"{self._title}: {error.args[0]}", *error.args[1:])


def _noting_that_it_ran(build: Callable[..., None]) -> Callable[..., None]:
    """The `build` of a class, behind which its layer counts as built, whoever called it."""

    @functools.wraps(build)
    def noted(self: Buildable, *args: Any, **kwargs: Any) -> None:
        build(self, *args, **kwargs)
        self.built = True

    return noted
