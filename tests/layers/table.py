"""The one table of layers: each with arguments and an input, for whatever is checked of all of them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kinema import activations, layers, ops
from kinema.layers import Layer
from kinema.saving import register_keras_serializable


@dataclass(frozen=True)
class Case:
    """A layer and what it is given.

    Args:
        make: Makes the layer; takes `dtype` and `name`.
        shape: The input's shape, batch axis included.
        name: What tells it from other cases of the class.
        integers: The input is uint8 frames.
        mask: The input has a mask (batch, time).
        keras: Whether Keras has this layer.
    """

    make: Callable[..., Layer]
    shape: tuple[int, ...]
    name: str
    integers: bool = False
    mask: bool = False
    keras: bool = True
    call: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.name

    def layer(self, dtype: str = "float32") -> Layer:
        """A built layer with weights that no initialiser would give, so that each of them matters."""
        layer = self.make(dtype=dtype)
        layer.ensure_built((None, *self.shape[1:]))
        rng = np.random.default_rng(5)
        for weight in layer.weights:
            if weight.dtype.kind == "f":
                low = 0.2 if "variance" in weight.name else -0.6
                weight.assign(rng.uniform(low, 0.8, weight.shape))
        return layer

    def inputs(self, dtype: str = "float32") -> np.ndarray:
        """Values away from zero, all different, so that no kink is near."""
        rng = np.random.default_rng([3, *self.shape])
        count = math.prod(self.shape)
        if self.integers:
            return rng.integers(0, 256, self.shape, dtype=np.uint8)
        magnitudes = rng.permutation(count) / count * 1.8 + 0.15
        return (magnitudes * rng.choice([-1.0, 1.0], count)).reshape(self.shape).astype(dtype)

    def mask_array(self) -> np.ndarray | None:
        """Different steps left out in different samples, never all."""
        if not self.mask:
            return None
        mask = np.random.default_rng(2).random(self.shape[:2]) > 0.4
        mask[:, 1] = True
        return mask

    def outputs(self, layer: Layer, inputs: Any, training: bool = False) -> list[Any]:
        """What a call gives, as a list."""
        given = layer(inputs, training=training, mask=self.mask_array(), **self.call)
        return list(given) if isinstance(given, (list, tuple)) else [given]


def _case(name: str, cls: Any, shape: tuple[int, ...], arguments: dict[str, Any] | None = None, **options: Any) -> Case:
    def make(**base: Any) -> Layer:
        given = {key: value(**base) if key in _INNER else value for key, value in (arguments or {}).items()}
        layer: Layer = cls(**given, **base)
        return layer

    return Case(make, shape, name, **options)


_INNER = ("layer", "backward_layer", "cell")
FRAMES = (2, 5, 6, 3)
CLIPS = (2, 3, 5, 6, 2)
SEQUENCES = (2, 4, 3)
#: Enough samples that coins do not fall alike twice.
IMAGES = (16, 3, 4, 3)
COLORS = (2, 2, 4, 5, 3)


def _inner(cls: Any, *arguments: Any, **settings: Any) -> Callable[..., Layer]:
    return lambda **base: cls(*arguments, **settings, **base)


@register_keras_serializable(package="tests")
class LeakyCell(Layer):
    """A cell as users write them: it forgets a part of what it holds and shows a part of that."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units, 1]
        self.output_size = 2

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight((input_shape[-1], self.units), name="kernel")
        self.shown = self.add_weight((self.units, 2), name="shown")

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        held, count = states
        held = 0.5 * held + ops.tanh(inputs @ self.kernel)
        return held @ self.shown + count, [held, count + 1.0]


def _stack(*kinds: Any, **base: Any) -> list[Layer]:
    return [kind(3, **base) for kind in kinds]


_LSTM_STATES = {"initial_state": [np.full((2, 3), 0.3), np.full((2, 3), -0.2)]}

TABLE = [
    _case("dense", layers.Dense, (2, 3), {"units": 4}),
    _case("dense-time", layers.Dense, SEQUENCES, {"units": 4, "activation": "tanh"}),
    _case("dense-bare", layers.Dense, (2, 3), {"units": 2, "use_bias": False, "activation": "softmax"}),
    _case("dense-mask", layers.Dense, SEQUENCES, {"units": 2}, mask=True),
    _case("conv", layers.Conv2D, FRAMES, {"filters": 4, "kernel_size": 3}),
    _case("conv-relu-same", layers.Conv2D, FRAMES,
          {"filters": 2, "kernel_size": (2, 3), "padding": "same", "activation": "relu"}),
    _case("conv-strides", layers.Conv2D, FRAMES,
          {"filters": 2, "kernel_size": 3, "strides": (2, 1), "padding": "same", "use_bias": False}),
    _case("conv-dilated", layers.Conv2D, FRAMES, {"filters": 2, "kernel_size": 2, "dilation_rate": (2, 3)}),
    _case("conv-groups", layers.Conv2D, (2, 4, 4, 4),
          {"filters": 6, "kernel_size": 2, "groups": 2, "activation": "elu"}),
    _case("conv-steps", layers.Conv1D, SEQUENCES, {"filters": 4, "kernel_size": 3, "activation": "relu"}),
    _case("conv-steps-causal", layers.Conv1D, (2, 9, 4),
          {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2, "groups": 2}),
    _case("conv-steps-strides", layers.Conv1D, (2, 9, 4),
          {"filters": 2, "kernel_size": 4, "padding": "same", "strides": 2, "use_bias": False}),
    _case("conv-steps-causal-strides", layers.Conv1D, (2, 8, 4),
          {"filters": 2, "kernel_size": 2, "padding": "causal", "strides": 3}),
    _case("depthwise", layers.DepthwiseConv2D, FRAMES, {"kernel_size": 3, "activation": "relu"}),
    _case("depthwise-two", layers.DepthwiseConv2D, FRAMES,
          {"kernel_size": (2, 3), "depth_multiplier": 2, "padding": "same", "strides": 2}),
    _case("depthwise-dilated", layers.DepthwiseConv2D, FRAMES,
          {"kernel_size": 2, "dilation_rate": (2, 2), "use_bias": False}),
    _case("depthwise-steps", layers.DepthwiseConv1D, SEQUENCES, {"kernel_size": 3, "depth_multiplier": 2}),
    _case("separable", layers.SeparableConv2D, FRAMES, {"filters": 4, "kernel_size": 3, "activation": "softplus"}),
    _case("separable-two", layers.SeparableConv2D, FRAMES,
          {"filters": 4, "kernel_size": 2, "depth_multiplier": 2, "padding": "same", "strides": 2, "use_bias": False}),
    _case("separable-steps", layers.SeparableConv1D, SEQUENCES,
          {"filters": 2, "kernel_size": 3, "padding": "same", "depth_multiplier": 2}),
    _case("max-pooling", layers.MaxPooling2D, FRAMES),
    _case("max-pooling-steps", layers.MaxPooling1D, (2, 7, 3), {"pool_size": 3, "strides": 2, "padding": "same"}),
    _case("average-pooling-steps", layers.AveragePooling1D, (2, 7, 3), {"pool_size": 2}),
    _case("max-pooling-same", layers.MaxPooling2D, FRAMES, {"pool_size": 3, "strides": (2, 1), "padding": "same"}),
    _case("average-pooling", layers.AveragePooling2D, FRAMES, {"pool_size": 2}),
    _case("average-pooling-same", layers.AveragePooling2D, FRAMES,
          {"pool_size": (2, 3), "strides": 2, "padding": "same"}),
    _case("global-max", layers.GlobalMaxPooling2D, FRAMES),
    _case("global-max-keepdims", layers.GlobalMaxPooling2D, FRAMES, {"keepdims": True}),
    _case("global-average", layers.GlobalAveragePooling2D, FRAMES),
    _case("global-average-keepdims", layers.GlobalAveragePooling2D, FRAMES, {"keepdims": True}),
    _case("global-max-time", layers.GlobalMaxPooling1D, SEQUENCES),
    _case("global-max-time-mask", layers.GlobalMaxPooling1D, SEQUENCES, {"keepdims": True}, mask=True, keras=False),
    _case("global-average-time", layers.GlobalAveragePooling1D, SEQUENCES, {"keepdims": True}),
    _case("global-average-time-mask", layers.GlobalAveragePooling1D, SEQUENCES, mask=True),
    _case("zero-padding", layers.ZeroPadding2D, FRAMES),
    _case("zero-padding-sides", layers.ZeroPadding2D, FRAMES, {"padding": ((0, 2), (1, 3))}),
    _case("zero-padding-time", layers.ZeroPadding1D, SEQUENCES, {"padding": (2, 1)}),
    _case("cropping", layers.Cropping2D, FRAMES, {"cropping": ((0, 2), (1, 3))}),
    _case("cropping-axes", layers.Cropping2D, FRAMES, {"cropping": (1, 2)}),
    _case("cropping-time", layers.Cropping1D, SEQUENCES, {"cropping": (2, 0)}),
    _case("up-sampling", layers.UpSampling2D, FRAMES, {"size": (2, 3)}),
    _case("up-sampling-bilinear", layers.UpSampling2D, FRAMES, {"interpolation": "bilinear"}),
    _case("up-sampling-time", layers.UpSampling1D, SEQUENCES, {"size": 3}),
    _case("resizing", layers.Resizing, FRAMES, {"height": 3, "width": 8}),
    *(
        _case(f"resizing-{how}", layers.Resizing, FRAMES, {"height": 7, "width": 4, "interpolation": how})
        for how in ("nearest", "bicubic", "area", "lanczos3", "lanczos5")
    ),
    _case("resizing-antialias", layers.Resizing, FRAMES, {"height": 2, "width": 4, "antialias": True}),
    _case("resizing-crop", layers.Resizing, FRAMES, {"height": 3, "width": 2, "crop_to_aspect_ratio": True}),
    _case("resizing-pad", layers.Resizing, FRAMES,
          {"height": 7, "width": 4, "pad_to_aspect_ratio": True, "fill_value": 0.5}),
    _case("center-crop", layers.CenterCrop, FRAMES, {"height": 2, "width": 3}),
    _case("center-crop-larger", layers.CenterCrop, FRAMES, {"height": 6, "width": 5}),
    _case("permute", layers.Permute, (2, 3, 4, 5), {"dims": (3, 1, 2)}),
    _case("repeat-vector", layers.RepeatVector, (2, 3), {"n": 4}),
    _case("identity", layers.Identity, SEQUENCES, mask=True),
    _case("activity-regularization", layers.ActivityRegularization, SEQUENCES, {"l1": 0.1, "l2": 0.2}),
    _case("lambda", layers.Lambda, (2, 3), {"function": activations.softsign}),
    _case("lambda-arguments", layers.Lambda, (2, 3), {"function": activations.elu, "arguments": {"alpha": 0.5}}),
    _case("flatten", layers.Flatten, FRAMES),
    _case("reshape", layers.Reshape, (2, 4, 6), {"target_shape": (3, 8)}),
    _case("reshape-rest", layers.Reshape, (2, 4, 6), {"target_shape": (-1, 2, 4)}),
    _case("activation", layers.Activation, SEQUENCES, {"activation": "sigmoid"}, mask=True),
    _case("relu", layers.ReLU, SEQUENCES),
    _case("relu-bounds", layers.ReLU, SEQUENCES, {"max_value": 1.0, "negative_slope": 0.2, "threshold": 0.52}),
    _case("leaky-relu", layers.LeakyReLU, SEQUENCES),
    _case("elu", layers.ELU, SEQUENCES, {"alpha": 0.7}),
    _case("prelu", layers.PReLU, SEQUENCES),
    _case("prelu-shared", layers.PReLU, FRAMES, {"shared_axes": [1, 2], "alpha_initializer": "ones"}),
    _case("prelu-time-shared", layers.PReLU, SEQUENCES, {"shared_axes": 1}, mask=True),
    _case("softmax", layers.Softmax, SEQUENCES),
    _case("softmax-axis", layers.Softmax, SEQUENCES, {"axis": 1}),
    _case("softmax-axes", layers.Softmax, SEQUENCES, {"axis": (1, 2)}),
    _case("dropout", layers.Dropout, SEQUENCES, {"rate": 0.4}),
    _case("dropout-all", layers.Dropout, SEQUENCES, {"rate": 1.0}),
    _case("dropout-none", layers.Dropout, SEQUENCES, {"rate": 0.0}),
    _case("dropout-shared", layers.Dropout, SEQUENCES, {"rate": 0.4, "noise_shape": (None, 1, None), "seed": 4}),
    _case("spatial-dropout", layers.SpatialDropout2D, (2, 3, 4, 12), {"rate": 0.4}),
    _case("spatial-dropout-time", layers.SpatialDropout1D, (2, 3, 12), {"rate": 0.4, "seed": 4}, mask=True),
    _case("gaussian-noise", layers.GaussianNoise, SEQUENCES, {"stddev": 0.3}),
    _case("gaussian-dropout", layers.GaussianDropout, SEQUENCES, {"rate": 0.4, "seed": 4}, mask=True),
    _case("batch-normalization", layers.BatchNormalization, SEQUENCES),
    _case("batch-normalization-frames", layers.BatchNormalization, FRAMES, {"momentum": 0.5, "epsilon": 0.1}),
    _case("batch-normalization-axis", layers.BatchNormalization, SEQUENCES, {"axis": 1, "scale": False}),
    _case("batch-normalization-bare", layers.BatchNormalization, (4, 3), {"center": False, "scale": False}),
    _case("batch-normalization-mask", layers.BatchNormalization, SEQUENCES, mask=True),
    _case("group-normalization", layers.GroupNormalization, (2, 3, 4, 6), {"groups": 3}),
    _case("group-normalization-instance", layers.GroupNormalization, (2, 3, 4, 2), {"groups": -1, "center": False}),
    _case("group-normalization-axis", layers.GroupNormalization, (2, 4, 3), {"groups": 2, "axis": 1, "scale": False}),
    _case("group-normalization-vector", layers.GroupNormalization, (2, 6), {"groups": 2, "epsilon": 0.1}),
    _case("group-normalization-mask", layers.GroupNormalization, (2, 4, 6), {"groups": 2}, mask=True, keras=False),
    _case("unit-normalization", layers.UnitNormalization, SEQUENCES),
    _case("unit-normalization-axes", layers.UnitNormalization, FRAMES, {"axis": [-3, -1]}),
    _case("unit-normalization-time-mask", layers.UnitNormalization, SEQUENCES, {"axis": 1}, mask=True, keras=False),
    _case("layer-normalization", layers.LayerNormalization, SEQUENCES),
    _case("layer-normalization-axes", layers.LayerNormalization, FRAMES, {"axis": (-2, -1), "epsilon": 0.1}),
    _case("layer-normalization-time", layers.LayerNormalization, SEQUENCES, {"axis": 1, "center": False}),
    _case("layer-normalization-time-mask", layers.LayerNormalization, SEQUENCES, {"axis": (1, 2)},
          mask=True, keras=False),
    _case("layer-normalization-clip-mask", layers.LayerNormalization, SEQUENCES,
          {"axis": (1, 2), "center": False, "scale": False}, mask=True, keras=False),
    _case("softmax-time-mask", layers.Softmax, SEQUENCES, {"axis": 1}, mask=True, keras=False),
    _case("rescaling", layers.Rescaling, SEQUENCES, {"scale": 0.5, "offset": -1.0}),
    _case("rescaling-bytes", layers.Rescaling, CLIPS, {"scale": 1 / 255}, integers=True),
    _case("rescaling-channels", layers.Rescaling, (2, 4, 4, 3),
          {"scale": [0.1, 0.2, 0.3], "offset": [1.0, 0.0, 2.0]}, integers=True),
    _case("normalization", layers.Normalization, SEQUENCES),
    _case("normalization-pixels", layers.Normalization, FRAMES, {"axis": (-3, -2, -1)}),
    _case("normalization-bytes", layers.Normalization, CLIPS,
          {"mean": [100.0, 120.0], "variance": [900.0, 1600.0]}, integers=True),
    _case("normalization-all", layers.Normalization, SEQUENCES, {"axis": None, "mean": 0.5, "variance": 4.0}),
    _case("normalization-invert", layers.Normalization, SEQUENCES, {"invert": True}),
    _case("masking", layers.Masking, SEQUENCES, {"mask_value": 2.0}),
    _case("simple-rnn", layers.SimpleRNN, SEQUENCES, {"units": 3}),
    _case("simple-rnn-sequences", layers.SimpleRNN, SEQUENCES,
          {"units": 3, "return_sequences": True, "return_state": True, "go_backwards": True, "activation": "relu"}),
    _case("simple-rnn-mask", layers.SimpleRNN, SEQUENCES, {"units": 3, "use_bias": False}, mask=True),
    _case("simple-rnn-dropout", layers.SimpleRNN, SEQUENCES, {"units": 3, "dropout": 0.3, "recurrent_dropout": 0.3}),
    _case("gru", layers.GRU, SEQUENCES, {"units": 3}),
    _case("gru-before", layers.GRU, SEQUENCES, {"units": 3, "reset_after": False, "return_sequences": True}),
    _case("gru-bare", layers.GRU, SEQUENCES, {"units": 3, "use_bias": False, "return_state": True}),
    _case("gru-backwards-mask", layers.GRU, SEQUENCES,
          {"units": 3, "go_backwards": True, "return_sequences": True, "recurrent_activation": "hard_sigmoid"},
          mask=True),
    _case("gru-dropout", layers.GRU, SEQUENCES, {"units": 3, "recurrent_dropout": 0.4}),
    _case("lstm", layers.LSTM, SEQUENCES, {"units": 3}),
    _case("lstm-sequences", layers.LSTM, SEQUENCES, {"units": 3, "return_sequences": True, "return_state": True}),
    _case("lstm-states", layers.LSTM, SEQUENCES, {"units": 3, "return_state": True}, call=_LSTM_STATES),
    _case("lstm-backwards", layers.LSTM, SEQUENCES,
          {"units": 3, "go_backwards": True, "return_sequences": True, "unit_forget_bias": False}),
    _case("lstm-mask", layers.LSTM, SEQUENCES, {"units": 3, "return_sequences": True, "use_bias": False}, mask=True),
    _case("lstm-mask-zero", layers.LSTM, SEQUENCES,
          {"units": 3, "return_sequences": True, "zero_output_for_mask": True, "go_backwards": True}, mask=True),
    _case("lstm-old-gates", layers.LSTM, SEQUENCES,
          {"units": 3, "recurrent_activation": "hard_sigmoid", "activation": "softsign"}),
    _case("lstm-peepholes", layers.LSTM, SEQUENCES,
          {"units": 3, "use_peepholes": True, "return_sequences": True}, mask=True, keras=False),
    _case("lstm-any-activation", layers.LSTM, SEQUENCES,
          {"units": 3, "activation": "softmax", "return_sequences": True, "return_state": True}, mask=True),
    _case("gru-any-activation", layers.GRU, SEQUENCES,
          {"units": 3, "activation": "leaky_relu", "recurrent_activation": "hard_silu", "go_backwards": True}),
    _case("simple-rnn-any-activation", layers.SimpleRNN, SEQUENCES,
          {"units": 3, "activation": "relu6", "return_sequences": True, "recurrent_dropout": 0.3}),
    _case("lstm-dropout", layers.LSTM, SEQUENCES, {"units": 3, "dropout": 0.4, "seed": 3}),
    _case("rnn-simple", layers.RNN, SEQUENCES,
          {"cell": _inner(layers.SimpleRNNCell, 3), "return_sequences": True, "go_backwards": True}),
    _case("rnn-simple-softmax", layers.RNN, SEQUENCES,
          {"cell": _inner(layers.SimpleRNNCell, 3, "softmax", recurrent_dropout=0.3), "return_sequences": True}),
    _case("rnn-gru", layers.RNN, SEQUENCES, {"cell": _inner(layers.GRUCell, 3), "return_state": True}, mask=True),
    _case("rnn-gru-softmax", layers.RNN, SEQUENCES,
          {"cell": _inner(layers.GRUCell, 3, "softmax"), "return_state": True}, mask=True),
    _case("rnn-gru-softmax-before", layers.RNN, SEQUENCES,
          {"cell": _inner(layers.GRUCell, 3, "softmax", reset_after=False), "return_sequences": True}),
    _case("rnn-lstm", layers.RNN, SEQUENCES,
          {"cell": _inner(layers.LSTMCell, 3, dropout=0.3), "return_sequences": True, "return_state": True}),
    _case("rnn-lstm-states", layers.RNN, SEQUENCES,
          {"cell": _inner(layers.LSTMCell, 3), "go_backwards": True, "return_state": True}, call=_LSTM_STATES),
    _case("rnn-lstm-softmax", layers.RNN, SEQUENCES,
          {"cell": _inner(layers.LSTMCell, 3, recurrent_activation="softmax"), "return_sequences": True,
           "zero_output_for_mask": True}, mask=True),
    _case("rnn-lstm-peepholes", layers.RNN, SEQUENCES,
          {"cell": _inner(layers.LSTMCell, 3, use_peepholes=True, recurrent_activation="softmax")}, keras=False),
    _case("rnn-stack", layers.RNN, SEQUENCES,
          {"cell": functools.partial(_stack, layers.LSTMCell, layers.GRUCell), "return_sequences": True}),
    _case("rnn-stack-backwards", layers.RNN, SEQUENCES,
          {"cell": functools.partial(_stack, layers.GRUCell, layers.SimpleRNNCell, layers.GRUCell),
           "go_backwards": True, "return_sequences": True}, mask=True),
    _case("rnn-own", layers.RNN, SEQUENCES,
          {"cell": _inner(LeakyCell, 3), "return_sequences": True, "return_state": True}, keras=False),
    _case("rnn-own-mask", layers.RNN, SEQUENCES,
          {"cell": _inner(LeakyCell, 3), "return_sequences": True, "go_backwards": True}, mask=True, keras=False),
    _case("rnn-own-stack", layers.RNN, SEQUENCES,
          {"cell": functools.partial(_stack, layers.LSTMCell, LeakyCell)}, mask=True, keras=False),
    _case("bidirectional-rnn", layers.Bidirectional, SEQUENCES,
          {"layer": lambda **base: layers.RNN(layers.GRUCell(3, **base), return_sequences=True, **base)}),
    _case("bidirectional-rnn-own", layers.Bidirectional, SEQUENCES,
          {"layer": lambda **base: layers.RNN(LeakyCell(3, **base), return_state=True, **base)},
          mask=True, keras=False),
    _case("time-distributed-rnn", layers.TimeDistributed, (2, 2, 3, 4),
          {"layer": lambda **base: layers.RNN(layers.LSTMCell(3, **base), **base)}),
    *(
        _case(f"bidirectional-{mode}", layers.Bidirectional, SEQUENCES,
              {"layer": _inner(layers.LSTM, 3, return_sequences=True), "merge_mode": mode})
        for mode in ("concat", "sum", "mul", "ave", None)
    ),
    _case("bidirectional-last", layers.Bidirectional, SEQUENCES, {"layer": _inner(layers.GRU, 3)}),
    _case("bidirectional-state", layers.Bidirectional, SEQUENCES,
          {"layer": _inner(layers.LSTM, 3, return_state=True), "merge_mode": "sum"}),
    _case("bidirectional-both-states", layers.Bidirectional, SEQUENCES,
          {"layer": _inner(layers.GRU, 3, return_state=True, return_sequences=True), "merge_mode": None}),
    _case("bidirectional-mask", layers.Bidirectional, SEQUENCES,
          {"layer": _inner(layers.GRU, 3, return_sequences=True)}, mask=True),
    _case("bidirectional-two", layers.Bidirectional, SEQUENCES,
          {"layer": _inner(layers.SimpleRNN, 3),
           "backward_layer": _inner(layers.SimpleRNN, 3, "relu", go_backwards=True)}),
    _case("time-distributed-dense", layers.TimeDistributed, SEQUENCES, {"layer": _inner(layers.Dense, 2)}, mask=True),
    _case("time-distributed-conv", layers.TimeDistributed, CLIPS, {"layer": _inner(layers.Conv2D, 2, 3)}),
    _case("time-distributed-flatten", layers.TimeDistributed, CLIPS, {"layer": _inner(layers.Flatten)}),
    _case("time-distributed-lstm", layers.TimeDistributed, (2, 2, 3, 4), {"layer": _inner(layers.LSTM, 3)}),
    _case("time-distributed-dropout", layers.TimeDistributed, SEQUENCES, {"layer": _inner(layers.Dropout, 0.4)}),
    _case("time-distributed-batch-normalization", layers.TimeDistributed, (4, 3, 2),
          {"layer": _inner(layers.BatchNormalization, momentum=0.5)}),
    _case("time-distributed-rescaling", layers.TimeDistributed, CLIPS,
          {"layer": _inner(layers.Rescaling, 1 / 255)}, integers=True),
    _case("flip", layers.RandomFlip, IMAGES),
    _case("flip-vertical", layers.RandomFlip, IMAGES, {"mode": "vertical"}),
    _case("flip-clips", layers.RandomFlip, (12, 2, 3, 4, 2), keras=False),
    _case("crop", layers.RandomCrop, (12, 2, 6, 7, 2), {"height": 3, "width": 4}, keras=False),
    _case("crop-bytes", layers.RandomCrop, (12, 6, 7, 2), {"height": 3, "width": 4}, integers=True, keras=False),
    _case("resized-crop", layers.RandomResizedCrop, (2, 2, 8, 9, 2), {"height": 4, "width": 5}, keras=False),
    _case("rotation", layers.RandomRotation, FRAMES, {"factor": 0.2}),
    *(
        _case(f"rotation-{mode}", layers.RandomRotation, CLIPS, {"factor": (0.1, 0.9), "fill_mode": mode}, keras=False)
        for mode in ("nearest", "wrap", "constant")
    ),
    _case("rotation-nearest-pixel", layers.RandomRotation, FRAMES,
          {"factor": 0.9, "interpolation": "nearest", "fill_mode": "constant", "fill_value": 2.0}),
    _case("zoom", layers.RandomZoom, FRAMES, {"height_factor": 0.3}),
    _case("zoom-sides", layers.RandomZoom, CLIPS, {"height_factor": 0.3, "width_factor": (-0.5, 0.1)}, keras=False),
    _case("translation", layers.RandomTranslation, FRAMES, {"height_factor": 0.3, "width_factor": (-0.5, 0.1)}),
    _case("translation-clips", layers.RandomTranslation, CLIPS, {"height_factor": 0.3, "width_factor": 0}, keras=False),
    _case("brightness", layers.RandomBrightness, FRAMES, {"factor": 0.4, "value_range": (-2, 1.5)}),
    _case("brightness-clips", layers.RandomBrightness, CLIPS, {"factor": (0.1, 0.4)}, keras=False, integers=True),
    _case("contrast", layers.RandomContrast, FRAMES, {"factor": 0.4, "value_range": (-1.5, 2)}),
    _case("contrast-clips", layers.RandomContrast, CLIPS,
          {"factor": (0.4, 0.9), "value_range": (-2, 2)}, keras=False),
    _case("saturation", layers.RandomSaturation, FRAMES, {"factor": (0.5, 0.8), "value_range": (-2, 2)}),
    _case("saturation-clips", layers.RandomSaturation, COLORS, {"factor": 0.5, "value_range": (-2, 2)}, keras=False),
    _case("hue", layers.RandomHue, FRAMES, {"factor": 0.8, "value_range": (-2, 2)}),
    _case("hue-clips", layers.RandomHue, COLORS, {"factor": (0.1, 0.3), "value_range": (-2, 2)}, keras=False),
    _case("blur", layers.RandomGaussianBlur, FRAMES, {"factor": (1, 1), "kernel_size": (3, 5), "value_range": (-2, 2)}),
    _case("blur-clips", layers.RandomGaussianBlur, CLIPS, {"factor": (1, 1), "sigma": (0.4, 1)}, keras=False),
    _case("erasing", layers.RandomErasing, FRAMES,
          {"factor": (1, 1), "scale": (0.2, 0.6), "fill_value": [1.0, 0.0, 2.0]}),
    _case("erasing-clips", layers.RandomErasing, CLIPS, {"factor": (1, 1), "scale": (0.3, 0.6)}, keras=False),
    _case("mix-up", layers.MixUp, IMAGES, {"alpha": 0.8, "name": "mix"}),
    _case("mix-up-clips", layers.MixUp, (4, 2, 3, 3, 1), {"alpha": 0.8, "seed": 3, "name": "mix"}, keras=False),
    _case("reversal", layers.RandomTimeReversal, (16, 4, 2), keras=False),
    _case("reversal-mask", layers.RandomTimeReversal, (16, 5, 3), {"factor": 0.7}, mask=True, keras=False),
    _case("jitter", layers.RandomTemporalJitter, (4, 6, 2, 2, 1), {"max_offset": 2}, keras=False),
    _case("speed", layers.RandomSpeed, (4, 9, 2, 2, 1), {"factor": 0.8}, keras=False),
    _case("speed-mask", layers.RandomSpeed, (4, 9, 2), {"factor": (-0.6, 1.5)}, mask=True, keras=False),
    _case("time-distributed-rotation", layers.TimeDistributed, CLIPS,
          {"layer": _inner(layers.RandomRotation, 0.2)}),
]  # fmt: skip
