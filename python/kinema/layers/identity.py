"""Layers that give their inputs as they are."""

from __future__ import annotations

from typing import Any

from kinema.layers.activation import ElementwiseLayer
from kinema.layers.structure import map_shapes
from kinema.regularizers import L1L2
from kinema.saving.registry import builtin


@builtin("keras.layers")
class Identity(ElementwiseLayer):
    """Gives its inputs as they are, as a placeholder does.

    Input shape:
        Any, or a list or dict of any.

    Output shape:
        The input's.

    Example:
        >>> import kinema
        >>> kinema.layers.Identity()([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return map_shapes(input_shape, tuple)


@builtin("keras.layers")
class ActivityRegularization(ElementwiseLayer):
    """Gives its input as it is, and adds a penalty on it to the loss, divided by the batch's size.

    Args:
        l1: The factor of the sum of magnitudes.
        l2: The factor of the sum of squares.

    Input shape:
        Any.

    Output shape:
        The input's.

    Example:
        >>> import kinema
        >>> layer = kinema.layers.ActivityRegularization(l1=0.5)
        >>> _ = layer([[1.0, -3.0], [2.0, 2.0]])
        >>> [float(loss) for loss in layer.losses]
        [2.0]
    """

    config_names = ("l1", "l2")

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2

    def get_config(self) -> dict[str, Any]:
        """The two factors, which say all about the penalty."""
        config = super().get_config()
        del config["activity_regularizer"]
        return config

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs
