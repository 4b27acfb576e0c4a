"""The base of all layers: weights, sublayers, building, calling, configuration."""

from __future__ import annotations

import inspect
import re
import threading
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from kinema import config
from kinema.autograd import Array, Tensor, Variable, no_tape
from kinema.errors import ArgumentError, KinemaError, NotBuiltError, ShapeError

Shape = tuple[int | None, ...]

_name_counts: dict[str, int] = defaultdict(int)
_call = threading.local()


def auto_name(class_name: str) -> str:
    """Keras's name for the next unnamed layer of a class: `MaxPooling2D` gives "max_pooling2d", then "max_pooling2d_1"."""
    spaced = re.sub(r"(?<=.)([A-Z][a-z]+)", r"_\1", re.sub(r"\W+", "", class_name))
    base = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", spaced).lower()
    count = _name_counts[base]
    _name_counts[base] += 1
    return f"{base}_{count}" if count else base


def reset_names() -> None:
    """Starts the numbering of unnamed layers anew."""
    _name_counts.clear()


@contextmanager
def training_scope(training: bool) -> Iterator[None]:
    """Inside, layers that are not told otherwise run in this mode."""
    outer = getattr(_call, "training", None)
    _call.training = training
    try:
        yield
    finally:
        _call.training = outer


class Layer:
    """A function of tensors with weights: the base of every layer, also of your own.

    Subclasses create weights in `build(input_shape)` with `add_weight`, compute in `call(inputs)` with `kinema.ops`, and name
    their arguments in `get_config` so that files can restore them. `call` may also take `training` and `mask`.

    Args:
        activity_regularizer: A function of the output that gives a penalty for the loss.
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

    #: The rank this layer needs when it works on single frames, batch axis included; None: any rank (see `models.plan`).
    frame_rank: int | None = None
    #: Whether one frame's output depends on other frames of a (batch, time, ...) input.
    mixes_frames = False
    #: Whether training normalises with statistics of the whole batch.
    uses_batch_statistics = False
    #: Whether training draws random numbers.
    is_random = False
    #: Whether `call` reads integer inputs, such as uint8 frames, as they are.
    accepts_integers = False
    supports_masking = False

    _auto_config: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls)
        object.__setattr__(layer, "_layers", [])
        object.__setattr__(layer, "_variables", [])
        object.__setattr__(layer, "_auto_config", _bind_arguments(cls, args, kwargs))
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
        self._layers: list[Layer]
        self._variables: list[Variable]
        self.name = auto_name(type(self).__name__) if name is None else str(name)
        self.dtype = config.standardize_dtype(dtype)
        self.autocast = autocast
        self.built = False
        #: The layer's number among the random streams of its model; set by the model, so that names do not matter.
        self.stream = zlib.crc32(self.name.encode())
        self.batch_shape = _declared_input_shape(type(self).__name__, self.name, kwargs)
        self.activity_regularizer = _get_regularizer(activity_regularizer)
        self._trainable = bool(trainable)
        self._losses: list[Tensor] = []
        self._build_shape: Any = None

    def __setattr__(self, name: str, value: Any) -> None:
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(item, Layer) and not any(item is known for known in self._layers):
                self._layers.append(item)
            elif isinstance(item, Variable) and not any(item is known for known in self._variables):
                self._variables.append(item)
        super().__setattr__(name, value)

    # Building and calling

    def build(self, input_shape: Any) -> None:
        """Creates the weights for inputs of this shape (batch axis None). Subclasses with weights override it."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Computes the output. Every layer overrides it."""
        raise NotBuiltError(f"layer class {type(self).__name__} has no call method: define call(self, inputs)")

    def ensure_built(self, input_shape: Any) -> None:
        """Builds the layer for this input shape unless that has been done."""
        if not self.built:
            with self._naming_errors():
                self.build(input_shape)
            self.built = True
        if self._build_shape is None:
            self._build_shape = input_shape
            for variable in self._variables:
                variable.path = f"{self.name}/{variable.name}"

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        inputs = self._convert(inputs)
        self.ensure_built(_map_tensors(inputs, lambda tensor: (None, *tensor.shape[1:])))
        mask = kwargs.pop("mask", None)
        if mask is None:
            mask = _map_tensors(inputs, lambda tensor: tensor.mask)
        training = kwargs.pop("training", None)
        if training is None:
            training = getattr(_call, "training", None)
        accepted = _call_parameters(type(self))
        if "training" in accepted:
            kwargs["training"] = bool(training)
        if "mask" in accepted:
            kwargs["mask"] = mask
        with self._naming_errors(), training_scope(bool(training)):
            outputs = self.call(inputs, *args, **kwargs)
            self._set_masks(outputs, inputs, mask)
        if self.activity_regularizer is not None:
            self.add_loss(self.activity_regularizer(outputs))
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input shape, batch axis None. Found by a call on zeros where a layer does not say it."""
        zeros = _map_shapes(input_shape, lambda shape: np.zeros([1 if n is None else n for n in shape], self.dtype))
        with no_tape():
            outputs = self(zeros, training=False)
        return _map_tensors(outputs, lambda tensor: (None, *tensor.shape[1:]))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output: the input's own, where the layer passes masks on."""
        return previous_mask if self.supports_masking else None

    # Weights

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
        self._variables.append(variable)
        return variable

    @property
    def weights(self) -> list[Variable]:
        """Every variable of the layer and its sublayers: its own trainable ones, its own others, then the sublayers'."""
        own = sorted(self._variables, key=lambda variable: not variable.declared_trainable)
        return _unique([*own, *(weight for layer in self._layers for weight in layer.weights)])

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
        trainable = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.weights if id(weight) not in trainable]

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
                f"layer '{self.name}' ({type(self).__name__}) has {len(mine)} weights, set_weights got {len(weights)} arrays"
                + ("" if self.built else ": the layer is not built yet, call it or model.build(input_shape) first")
            )
        for variable, value in zip(mine, weights, strict=True):
            if np.shape(value) != variable.shape:
                raise ShapeError(
                    f"layer '{self.name}' ({type(self).__name__}): weight '{variable.path}' has shape {variable.shape}, "
                    f"set_weights got {np.shape(value)}"
                )
        for variable, value in zip(mine, weights, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """The number of all weights' elements."""
        if not self.built:
            raise NotBuiltError(
                f"layer '{self.name}' ({type(self).__name__}) has no weights before it is built: "
                "call it on data or give the model an input shape first"
            )
        return sum(weight.size for weight in self.weights)

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

    def flatten_layers(self) -> Iterator[Layer]:
        """This layer and all layers inside it."""
        yield self
        for layer in self._layers:
            yield from layer.flatten_layers()

    # Configuration

    @property
    def path(self) -> str:
        """The layer's name as it stands in its variables' paths."""
        return self.name

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as plain values. Subclasses add their own to it."""
        from kinema.regularizers import serialize

        base: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": dtype_policy(self.dtype)}
        if self.activity_regularizer is not None:
            base["activity_regularizer"] = serialize(self.activity_regularizer)
        if type(self).get_config is Layer.get_config:
            return {**base, **self._plain_arguments()}
        return base

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer that `get_config` described."""
        from kinema.saving.registry import deserialize_keras_object

        if cls.get_config is Layer.get_config:
            config = deserialize_keras_object(config)
        elif isinstance(config.get("dtype"), dict):
            config = {**config, "dtype": deserialize_keras_object(config["dtype"])}
        return cls(**config)

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build` was called with, for files."""
        return None if self._build_shape is None else {"input_shape": self._build_shape}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layer as `get_build_config` described."""
        if (shape := config.get("input_shape")) is not None:
            self.ensure_built(_map_shapes(shape, tuple))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def _plain_arguments(self) -> dict[str, Any]:
        from kinema.saving.registry import serialize_keras_object

        arguments = {name: value for name, value in self._auto_config.items() if name not in _BASE_ARGUMENTS}
        try:
            return {name: serialize_keras_object(value) for name, value in arguments.items()}
        except KinemaError as error:
            raise NotImplementedError(
                f"layer class {type(self).__name__} takes arguments that a file cannot hold: give it a get_config method"
            ) from error

    def _convert(self, inputs: Any) -> Any:
        def convert(value: Any) -> Tensor:
            if isinstance(value, np.ndarray) and value.dtype == object:
                raise ShapeError(
                    f"layer '{self.name}' ({type(self).__name__}) got an array of objects: its rows differ in length"
                )
            tensor = value if isinstance(value, Tensor) else Tensor(_plain_array(value, self.dtype))
            kind = tensor.dtype.kind
            wanted = (kind == "f" and self.autocast) or (kind in "iub" and not self.accepts_integers)
            if wanted and tensor.dtype != self.dtype:
                from kinema.ops import cast

                mask = tensor.mask
                tensor = cast(tensor, dtype=self.dtype)
                tensor.mask = mask
            return tensor

        return _map_tensors(inputs, convert)

    def _set_masks(self, outputs: Any, inputs: Any, mask: Any) -> None:
        leaves = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        given = [mask] if not isinstance(mask, (list, tuple)) else mask
        if all(one is None for one in given) and type(self).compute_mask is Layer.compute_mask:
            return
        computed = self.compute_mask(inputs, mask)
        masks = computed if isinstance(computed, (list, tuple)) else [computed] * len(leaves)
        for leaf, one in zip(leaves, masks, strict=False):
            if isinstance(leaf, Tensor):
                leaf.mask = None if one is None else np.asarray(one, bool)

    @contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except KinemaError as error:
            prefix = f"layer '{self.name}' ({type(self).__name__}): "
            if error.args and isinstance(error.args[0], str) and not error.args[0].startswith("layer '"):
                error.args = (prefix + error.args[0], *error.args[1:])
            raise


_BASE_ARGUMENTS = ("name", "trainable", "dtype", "activity_regularizer", "input_shape", "autocast")


def dtype_policy(dtype: str) -> dict[str, Any]:
    """A type as Keras 3 files spell it."""
    return {"module": "keras", "class_name": "DTypePolicy", "config": {"name": dtype}, "registered_name": None}


def _get_regularizer(identifier: Any) -> Any:
    if identifier is None:
        return None
    from kinema import regularizers

    return regularizers.get(identifier)


def _bind_arguments(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    try:
        bound = inspect.signature(cls.__init__).bind(None, *args, **kwargs)  # type: ignore[misc]
    except TypeError:
        return {}  # __init__ itself is about to say what is wrong
    arguments = dict(list(bound.arguments.items())[1:])
    for name, parameter in inspect.signature(cls.__init__).parameters.items():  # type: ignore[misc]
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments.update(arguments.pop(name, {}))
    return arguments


def _declared_input_shape(class_name: str, name: str, kwargs: dict[str, Any]) -> Shape | None:
    batch_size = kwargs.pop("batch_size", None)
    batch_shape = kwargs.pop("batch_input_shape", None)
    shape = kwargs.pop("input_shape", None)
    dim = kwargs.pop("input_dim", None)
    if kwargs:
        raise ArgumentError(f"layer '{name}' ({class_name}) does not know the argument(s) {', '.join(sorted(kwargs))}")
    if batch_shape is not None:
        return tuple(batch_shape)
    if shape is None and dim is not None:
        shape = (dim,)
    if shape is None:
        return None
    return (batch_size, *((shape,) if isinstance(shape, int) else shape))


def _call_parameters(cls: type) -> set[str]:
    cached: set[str] | None = cls.__dict__.get("_call_parameter_names")
    if cached is None:
        cached = set(inspect.signature(cls.call).parameters)  # type: ignore[attr-defined]
        cls._call_parameter_names = cached  # type: ignore[attr-defined]
    return cached


def _plain_array(value: Any, dtype: str) -> Array:
    if isinstance(value, Variable):
        return value.numpy()
    array = np.asarray(value)
    return array.astype(dtype) if array.dtype == np.float64 and not isinstance(value, np.ndarray) else array


def _map_tensors(structure: Any, function: Callable[[Any], Any]) -> Any:
    """Applies a function to a tensor, or to each of a list of tensors (a list of plain numbers is one tensor)."""
    if isinstance(structure, (list, tuple)) and any(isinstance(item, (Tensor, np.ndarray)) for item in structure):
        return [function(item) for item in structure]
    return function(structure)


def _map_shapes(shape: Any, function: Callable[[Any], Any]) -> Any:
    """Applies a function to a shape, or to each of a list of shapes."""
    if shape and isinstance(shape[0], (list, tuple)):
        return [function(one) for one in shape]
    return function(shape)


def _unique(variables: list[Variable]) -> list[Variable]:
    return list({id(variable): variable for variable in variables}.values())
