"""Dropping whole features or channels while training."""

from __future__ import annotations

from typing import Any, ClassVar

from kinema.layers.arguments import channels_last
from kinema.layers.dropout import Dropout
from kinema.layers.structure import Shape
from kinema.layers.windows import require_frames, require_sequences
from kinema.saving.registry import builtin


class SpatialDropout(Dropout):
    """A dropout that draws once for all places of a feature."""

    config_names: ClassVar[tuple[str, ...]] = ("rate", "seed")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again: those that Keras's layer takes, which are fewer than others do."""
        config = super().get_config()
        del config["trainable"]
        return {**config, "dtype": self.dtype}


@builtin("keras.layers")
class SpatialDropout1D(SpatialDropout):
    """While training, sets random features of a sequence to zero, in all its steps, and enlarges the others.

    Args:
        rate: The part that is dropped, from 0 to 1.
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, time, features).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> dropped = kinema.layers.SpatialDropout1D(0.5)(np.ones((1, 4, 100), "float32"), training=True).numpy()
        >>> bool((dropped == dropped[:, :1]).all())
        True
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, noise_shape=(None, 1, None), seed=seed, **kwargs)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        require_sequences(input_shape)
        self.built = True


@builtin("keras.layers")
class SpatialDropout2D(SpatialDropout):
    """While training, sets random channels of a frame to zero, in all its pixels, and enlarges the others.

    Args:
        rate: The part that is dropped, from 0 to 1.
        data_format: "channels_last", the only order of axes.
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> dropped = kinema.layers.SpatialDropout2D(0.5)(np.ones((1, 4, 4, 100), "float32"), training=True).numpy()
        >>> bool((dropped == dropped[:, :1, :1]).all())
        True
    """

    frame_rank = 4
    config_names = ("rate", "seed", "data_format")

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, noise_shape=(None, 1, 1, None), seed=seed, **kwargs)
        self.data_format = channels_last(self._title, data_format)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        require_frames(input_shape)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        require_frames(input_shape)
        return tuple(input_shape)
