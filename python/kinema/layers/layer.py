"""The base of all layers: building, calling, configuration."""

from __future__ import annotations

import inspect
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from kinema import config
from kinema.autograd import Tensor, Variable, no_tape, settled
from kinema.errors import DTypeError, KinemaError, NotBuiltError, ShapeError
from kinema.layers.arguments import bind_arguments, declared_input_shape
from kinema.layers.building import Buildable
from kinema.layers.configuration import Configurable
from kinema.layers.drawing import Drawing
from kinema.layers.naming import auto_name
from kinema.layers.settings import Adjustable
from kinema.layers.structure import Shape, map_shapes, map_tensors, open_shapes
from kinema.layers.structure import leaves as flat
from kinema.layers.symbolic import Node, call_symbolically, symbolic_leaves

__all__ = ["Layer", "Shape", "training_scope"]

_call = threading.local()
#: NumPy's own objects for the types that layers compute in: comparing with them costs nothing.
_DTYPES = {name: np.dtype(name) for name in ("float32", "float64")}


@contextmanager
def training_scope(training: bool) -> Iterator[None]:
    """Inside, layers that are not told otherwise run in this mode."""
    outer = getattr(_call, "training", None)
    _call.training = training
    try:
        yield
    finally:
        _call.training = outer


def current_training(default: bool) -> bool:
    """The mode of the call around this one; the default where nobody has said."""
    mode: bool | None = getattr(_call, "training", None)
    return default if mode is None else mode


class Layer(Adjustable, Configurable, Drawing, Buildable):
    """A function of tensors with weights: the base of every layer, also of your own.

    Subclasses create weights in `build(input_shape)` with `add_weight`, compute in `call(inputs)` with `kinema.ops`,
    and name their arguments in `get_config` so that files can restore them. `call` may also take `training` and `mask`.

    Args:
        activity_regularizer: A function of the output that gives a penalty for the loss, divided by the batch's size.
        trainable: Whether training changes the weights.
        dtype: "float32" or "float64"; the process-wide default when None.
        autocast: Convert floating-point inputs to the layer's type.
        name: A name that is unique in its model.
        input_shape: On the first layer of a model: the shape of one sample.

    Example:
        >>> import kinema
        >>> class Scale(kinema.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(), initializer="ones", name="factor")
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> Scale()([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """

    #: The rank, batch axis included, that this layer needs because it works on single frames; None: any rank.
    frame_rank: int | None = None
    #: Whether one frame's output depends on other frames of a (batch, time, ...) input.
    mixes_frames: bool = False
    #: Whether training normalises with statistics of the whole batch.
    uses_batch_statistics: bool = False
    #: Whether training draws random numbers.
    is_random: bool = False
    #: Whether each frame of a clip has a draw of its own, so that windows that show a frame may share it.
    draws_per_frame: bool = False
    #: Whether the layer changes whole clips alike, so that `TimeDistributed` hands it clips and not frames.
    takes_clips: bool = False
    #: Whether predictions can leave the layer out.
    only_trains: bool = False
    #: Whether `call` reads integer inputs, such as uint8 frames, as they are.
    accepts_integers: bool = False
    #: Whether a mask on the input also stands for the output.
    supports_masking: bool = False

    _internal_names = frozenset({"_layers", "_variables", "_nodes", "_on_every_frame", "_auto_config", "_losses"})
    #: The calls on symbolic tensors, and the wrapper that lifts the layer to clips in graphs.
    _nodes: list[Node]
    _on_every_frame: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls)
        object.__setattr__(layer, "_layers", [])
        object.__setattr__(layer, "_variables", [])
        object.__setattr__(layer, "_nodes", [])
        object.__setattr__(layer, "_on_every_frame", None)
        if cls._is_automatic():
            object.__setattr__(layer, "_auto_config", bind_arguments(cls.__init__, args, kwargs))
        return layer

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = auto_name(type(self).__name__) if name is None else str(name)
        self.dtype = config.standardize_dtype(dtype)
        self.autocast = autocast
        self.built = False
        self._random_stream = zlib.crc32(self.name.encode())
        self._bare_draws = 0
        self._declared_shape: Shape | None = declared_input_shape(self._title, kwargs)
        self.activity_regularizer = _get_regularizer(activity_regularizer)
        self._trainable = bool(trainable)
        self._losses: list[Tensor] = []
        self._build_shape: Any = None

    # Building and calling

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Computes the output. Every layer overrides it."""
        raise NotBuiltError(f"layer class {type(self).__name__} has no call method: define call(self, inputs)")

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if not hasattr(self, "_losses"):
            raise NotBuiltError(f"layer class {type(self).__name__} must call super().__init__() in its __init__")
        if isinstance(inputs, (Tensor, np.ndarray)):
            inputs = self._convert(inputs)
            carried = inputs.mask
        elif symbolic_leaves(inputs):
            return call_symbolically(self, inputs, *args, **kwargs)
        else:
            inputs = map_tensors(inputs, self._convert)
            carried = map_tensors(inputs, lambda tensor: tensor.mask)
        if not self.built or self._build_shape is None:
            self.ensure_built(map_tensors(inputs, lambda tensor: (None, *tensor.shape[1:])))
        mask = kwargs.pop("mask", None)
        if mask is None:
            mask = carried
        training = kwargs.pop("training", None)
        outer = getattr(_call, "training", None)
        if training is None:
            training = outer
        accepted = _call_parameters(type(self))
        if "training" in accepted and (training is not None or accepted["training"]):
            kwargs["training"] = bool(training)
        if "mask" in accepted:
            kwargs["mask"] = mask
        _call.training = training  # what `training_scope` does, which costs more than a small layer
        try:
            outputs = self.call(inputs, *args, **kwargs)
            self._set_masks(outputs, inputs, mask)
        except KinemaError as error:
            self._name_in(error)
            raise
        finally:
            _call.training = outer
        if self.activity_regularizer is not None:
            for output in flat(outputs):
                self.add_loss(_penalty(self.activity_regularizer, output))
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input shape, batch axis None; a call on zeros finds it unless overridden."""

        def trial(length: int) -> Any:
            return self(
                map_shapes(
                    input_shape, lambda shape: np.zeros([length if n is None else n for n in shape], self.dtype)
                ),
                training=False,
            )

        with no_tape():
            return open_shapes(trial)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output: the input's own, where the layer passes masks on."""
        return previous_mask if self.supports_masking else None

    @property
    def input(self) -> Any:
        """The symbolic input of the layer's first call in a graph."""
        node = self._first_call()
        if node.is_input:
            return node.result
        return node.args[0]

    @property
    def output(self) -> Any:
        """The symbolic output of the layer's first call in a graph."""
        return self._first_call().result

    def _first_call(self) -> Node:
        if not self._nodes:
            raise NotBuiltError(
                f"{self._title} has not been called on symbolic tensors, so that it has no input and output yet: call "
                "it on what kinema.Input gives, or build the Sequential that it belongs to"
            )
        return self._nodes[0]

    def __getstate__(self) -> Any:
        """What copies are made of: the graphs in which the layer is called are not part of it."""
        return {name: value for name, value in vars(self).items() if name != "_nodes"}

    # Losses

    def add_loss(self, loss: Any) -> None:
        """Adds a penalty, a scalar tensor computed in `call`, to the loss of this step."""
        self._losses.extend(loss if isinstance(loss, (list, tuple)) else [loss])

    @property
    def losses(self) -> list[Tensor]:
        """The penalties of this step: added ones and those of regularised weights, sublayers included."""
        added = [loss for layer in self.flatten_layers() for loss in layer._losses]
        return added + [weight.regularizer(weight) for weight in self.trainable_weights if weight.regularizer]

    def clear_losses(self) -> None:
        """Forgets the penalties added since the last step."""
        for layer in self.flatten_layers():
            layer._losses.clear()

    @property
    def path(self) -> str:
        """The layer's name as it stands in its variables' paths."""
        return self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def _convert(self, value: Any) -> Tensor:
        dtype = _DTYPES.get(self.dtype)
        if type(value) is Tensor and value._array.dtype is dtype:
            return value
        if type(value) is np.ndarray and value.dtype is dtype:
            return Tensor(settled(value))
        from kinema.ops import cast

        if isinstance(value, Variable):
            return cast(value, dtype=self.dtype)
        array = value if isinstance(value, (Tensor, np.ndarray)) else _from_plain(value, self._title)
        kind = array.dtype.kind
        if kind == "O":
            raise ShapeError(f"{self._title} got an array of objects: its rows differ in length")
        if kind not in "fiub":
            raise DTypeError(f"{self._title} computes with numbers, but got an array of type {array.dtype}")
        tensor = array if isinstance(array, Tensor) else Tensor(settled(array))
        wanted = (kind == "f" and self.autocast) or (kind in "iub" and not self.accepts_integers)
        if not wanted or tensor.dtype == self.dtype:
            return tensor
        converted: Tensor = cast(tensor, dtype=self.dtype)
        converted.mask = tensor.mask
        return converted

    def _set_masks(self, outputs: Any, inputs: Any, mask: Any) -> None:
        keeps = type(self).compute_mask is Layer.compute_mask
        if mask is None and keeps:
            return
        leaves = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        if all(getattr(leaf, "mask", None) is not None for leaf in leaves):
            return  # `call` has set them, or gives its inputs as they are
        if keeps and all(one is None for one in flat(mask)):
            return
        if keeps and not self.supports_masking:
            self._warn_of_lost_mask()
        computed = self.compute_mask(inputs, mask)
        if computed is None:
            return
        masks = computed if isinstance(computed, (list, tuple)) else [computed] * len(leaves)
        for leaf, one in zip(leaves, masks, strict=False):
            if isinstance(leaf, Tensor) and (leaf.mask is None or one is not None):
                leaf.mask = None if one is None else np.asarray(one, bool)

    def _warn_of_lost_mask(self) -> None:
        warnings.warn(
            f"{self._title} got a mask that it cannot use, and its output has none: what follows sees every step. "
            "Put it before the layer that makes the mask, or wrap it in TimeDistributed, which hands the mask on",
            stacklevel=4,
        )


def _penalty(regularizer: Any, output: Any) -> Any:
    """What an output costs a sample of its batch; steps that its mask leaves out cost nothing."""
    if (mask := getattr(output, "mask", None)) is not None:
        from kinema.ops import where

        output = where(mask.reshape(*mask.shape, *(1,) * (output.ndim - mask.ndim)), output, 0.0)
    return regularizer(output) / max(1, output.shape[0]) if output.ndim else regularizer(output)


def _get_regularizer(identifier: Any) -> Any:
    if identifier is None:
        return None
    from kinema import regularizers

    return regularizers.get(identifier)


def takes_mask(layer: Layer) -> bool:
    """Whether a layer is told which steps of its input count."""
    return "mask" in _call_parameters(type(layer))


def _call_parameters(cls: type) -> dict[str, bool]:
    """The parameters of a layer's `call`, and whether each has to be given."""
    cached: dict[str, bool] | None = cls.__dict__.get("_call_parameter_names")
    if cached is None:
        parameters = inspect.signature(cls.call).parameters  # type: ignore[attr-defined]
        cached = {name: parameter.default is parameter.empty for name, parameter in parameters.items()}
        cls._call_parameter_names = cached  # type: ignore[attr-defined]
    return cached


def _from_plain(value: Any, title: str) -> Any:
    """An array of Python numbers, in single precision where they are not whole."""
    try:
        array = np.asarray(value)
    except ValueError as error:  # NumPy's word on ragged lists
        raise ShapeError(f"{title} got a list whose rows differ in length") from error
    return array.astype(np.float32) if array.dtype == np.float64 else array
