"""A recurrent layer and its twin that walks the other way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Tensor
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.arguments import one_of
from kinema.layers.layer import Layer
from kinema.layers.over_time import OverTime
from kinema.layers.recurrent import Recurrent
from kinema.layers.wrapper import require_layer
from kinema.saving.registry import builtin, deserialize_keras_object, serialize_keras_object

_MERGES: dict[str | None, Callable[[Any, Any], Any]] = {
    "concat": lambda one, other: ops.concatenate([one, other], axis=-1),
    "sum": ops.add,
    "mul": ops.multiply,
    "ave": lambda one, other: (one + other) / 2.0,
    None: lambda one, other: (one, other),
}
_SHARED = ("stateful", "return_sequences", "return_state")


@builtin("keras.layers")
class Bidirectional(Layer):
    """Runs a recurrent layer in both directions of time and merges what the two say.

    Args:
        layer: The recurrent layer. It is copied, once for each direction, under names that begin with "forward_" and
            "backward_".
        merge_mode: How the two outputs are merged: "concat", "sum", "mul", "ave", or None for both as they are.
        weights: The weights to begin with: those of the forward layer, then those of the backward layer.
        backward_layer: Another layer for the way back, with the opposite `go_backwards`; a copy of `layer` when None.

    Input shape:
        (batch, time, features). The call also takes `initial_state`, first the forward layer's, and a `mask`.

    Output shape:
        As the layer's, twice as long on the last axis with "concat"; with `return_state` followed by the states of the
        forward layer, then those of the backward layer.

    Raises:
        ArgumentError: The two layers do not fit together.

    Example:
        >>> import kinema, numpy as np
        >>> layer = kinema.layers.Bidirectional(kinema.layers.LSTM(4, return_sequences=True))
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 5, 8)
    """

    mixes_frames = True
    supports_masking = True

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Sequence[Any] | None = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        pattern = require_layer(self._title, "layer", layer)
        self.merge_mode = one_of(self._title, "merge_mode", merge_mode, tuple(_MERGES))
        self.forward_layer: Any = _copy(pattern, "forward_")
        if backward_layer is None:
            self.backward_layer: Any = _copy(pattern, "backward_", go_backwards=not _setting(pattern, "go_backwards"))
        else:
            self.backward_layer = require_layer(self._title, "backward_layer", backward_layer)
        self._require_twins()
        for one in (self.forward_layer, self.backward_layer):
            if isinstance(one, OverTime):
                # Both directions must say nothing about a masked step: the other one's output stands beside it.
                one.zero_output_for_mask = one.return_sequences
        self.return_sequences = self.forward_layer.return_sequences
        self.return_state = self.forward_layer.return_state
        self.stateful = self.forward_layer.stateful
        self._initial_weights = weights

    @property
    def layer(self) -> Any:
        """The forward layer."""
        return self.forward_layer

    @property
    def is_random(self) -> bool:  # type: ignore[override]
        """Whether one of the layers inside draws random numbers."""
        return bool(self.forward_layer.is_random or self.backward_layer.is_random)

    def build(self, input_shape: Any) -> None:
        """Builds both layers."""
        self.forward_layer.ensure_built(input_shape)
        self.backward_layer.ensure_built(input_shape)
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None
        self.built = True

    def call(self, inputs: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """The merged outputs; with `return_state` followed by the last states of both layers."""
        forward, backward = self._halves(initial_state)
        return self._merge(
            self.forward_layer(inputs, initial_state=forward, mask=mask, training=training),
            self.backward_layer(inputs, initial_state=backward, mask=mask, training=training),
        )

    def projects_frames(self, training: bool) -> bool:
        """Whether projecting frames and walking over the gathered projections gives what a call gives."""
        both = (self.forward_layer, self.backward_layer)
        plain = all(isinstance(layer, Recurrent) and layer.projects_frames(training) for layer in both)
        return plain and self.activity_regularizer is None

    def project_frames(self, inputs: Any) -> Tensor:
        """The projections of both layers side by side."""
        both = [layer.project_frames(inputs) for layer in (self.forward_layer, self.backward_layer)]
        projected: Tensor = ops.concatenate(both, axis=-1)
        return projected

    def call_projected(
        self, projected: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """What `call` gives, from the projection of its inputs."""
        forward, backward = self._halves(initial_state)
        width = self.forward_layer.kernel.shape[1]
        return self._merge(
            self.forward_layer.call_projected(projected[..., :width], forward, mask, training),
            self.backward_layer.call_projected(projected[..., width:], backward, mask, training),
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The merged outputs' shape; with `return_state` followed by the states' shapes."""
        both = [layer.compute_output_shape(input_shape) for layer in (self.forward_layer, self.backward_layer)]
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*both[0][1:], *both[1][1:])
            both = [shape[0] for shape in both]
        if self.merge_mode is None:
            return (*both, *states)
        forward, backward = both
        merged = (*forward[:-1], forward[-1] + backward[-1]) if self.merge_mode == "concat" else forward
        return (merged, *states) if self.return_state else merged

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The input's mask where all steps are returned, in the order in which the forward layer walked."""
        mask = previous_mask if self.return_sequences else None
        if mask is not None and self.forward_layer.go_backwards:
            mask = np.flip(np.asarray(mask), 1)
        outputs = [mask, mask] if self.merge_mode is None else [mask]
        states = 2 * getattr(self.forward_layer, "state_count", 1) if self.return_state else 0
        masks = [*outputs, *[None] * states]
        return masks[0] if len(masks) == 1 else masks

    def reset_state(self) -> None:
        """With `stateful`: begins the next batch with zeros."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build` was called with; nothing with `stateful`, which Keras builds for a batch of known size."""
        return None if self.stateful else super().get_build_config()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as Keras 3 writes them."""
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer that `get_config` described, with the two inside."""
        return cls(**{name: deserialize_keras_object(value, expected="keras.layers") for name, value in config.items()})

    def _merge(self, forward: Any, backward: Any) -> Any:
        outputs, states = [forward, backward], ()
        if self.return_state:
            outputs = [forward[0], backward[0]]
            states = (*forward[1:], *backward[1:])
        if self.return_sequences:
            outputs[1] = ops.flip(outputs[1], axis=1)
        merged = _MERGES[self.merge_mode](*outputs)
        if not self.return_state:
            return merged
        return (*merged, *states) if self.merge_mode is None else (merged, *states)

    def _halves(self, initial_state: Any) -> tuple[Any, Any]:
        if initial_state is None:
            return None, None
        states = list(initial_state)
        if len(states) % 2:
            raise ShapeError(
                f"initial_state has {len(states)} arrays: give those of the forward layer, then as many of the other"
            )
        half = len(states) // 2
        return states[:half], states[half:]

    def _require_twins(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if _setting(forward, "go_backwards") == _setting(backward, "go_backwards"):
            raise ArgumentError(
                f"{self._title}: layer and backward_layer both have go_backwards={forward.go_backwards}: "
                "one of them must walk the other way"
            )
        for name in _SHARED:
            if _setting(forward, name) != _setting(backward, name):
                raise ArgumentError(
                    f"{self._title}: layer has {name}={getattr(forward, name)}, but backward_layer has "
                    f"{getattr(backward, name)}: give both the same"
                )


def _setting(layer: Layer, name: str) -> Any:
    if not hasattr(layer, name):
        raise ArgumentError(f"Bidirectional wraps recurrent layers, but {layer._title} has no {name}")
    return getattr(layer, name)


def _copy(layer: Layer, prefix: str, **changes: Any) -> Any:
    """A new layer of the same config, under a name that says its direction."""
    config = serialize_keras_object(layer)
    config.pop("build_config", None)
    config["config"] = {**config["config"], "name": prefix + layer.name.removeprefix(prefix), **changes}
    return deserialize_keras_object(config, {type(one).__name__: type(one) for one in layer.flatten_layers()})
