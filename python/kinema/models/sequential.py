"""A model that is a line of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kinema.autograd import Tensor
from kinema.errors import ArgumentError, DTypeError, NotBuiltError, ShapeError
from kinema.layers import Input, InputLayer
from kinema.layers.layer import Layer, Shape, training_scope
from kinema.layers.structure import leaves
from kinema.layers.symbolic import KerasTensor, Node
from kinema.models.frames import Rows
from kinema.models.lifting import is_lifted
from kinema.models.model import Model
from kinema.models.objectives import ONE_OUTPUT, Objective
from kinema.models.plan import Plan
from kinema.models.ports import Ports
from kinema.models.symbolic_line import SymbolicLine
from kinema.saving.registry import builtin, deserialize_keras_object, serialize_keras_object

_AXES = {
    5: ("batch", "time", "height", "width", "channels"),
    4: ("batch", "height", "width", "channels"),
    3: ("batch", "time", "features"),
    2: ("batch", "features"),
}

_ONE_INPUT_ONE_OUTPUT = Ports()


@builtin("keras")
class Sequential(Model):
    """A line of layers, each fed with the output of the one before.

    Layers made for single frames (Conv2D, pooling, padding, a Flatten or Reshape directly behind them) work on clips
    too: for a (batch, time, height, width, channels) input they are applied to every frame, with batch and time folded.

    Args:
        layers: The first layers; more come with `add`.
        trainable: Whether training changes the weights.
        name: The model's name.

    Example:
        >>> import kinema
        >>> from kinema import layers
        >>> model = kinema.Sequential([
        ...     layers.Input((8, 32, 32, 3)),
        ...     layers.Conv2D(4, 3, activation="relu"),
        ...     layers.MaxPooling2D(2),
        ...     layers.Flatten(),
        ...     layers.LSTM(16),
        ...     layers.Dense(2, activation="softmax"),
        ... ])
        >>> model.output_shape
        (None, 2)
    """

    _internal_names = Model._internal_names | {"_line"}
    accepts_integers = True

    def __init__(
        self,
        layers: Sequence[Layer | KerasTensor] | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._line: list[Layer] = []
        self._plan: Plan | None = None
        self._symbolic: SymbolicLine | None = None
        for layer in layers or []:
            self.add(layer, rebuild=False)
        self._maybe_rebuild()

    def add(self, layer: Layer | KerasTensor, rebuild: bool = True) -> None:
        """Puts a layer at the end, or an `Input` at the beginning."""
        if isinstance(layer, KerasTensor) and layer.node is not None and layer.node.is_input:
            layer = layer.node.layer
        if not isinstance(layer, Layer):
            raise DTypeError(
                f"add takes a layer, such as kinema.layers.Dense(10), not {layer!r}"
                + (": this is a class, make a layer of it by calling it" if isinstance(layer, type) else "")
            )
        if any(layer.name == other.name for other in self._line):
            raise ArgumentError(f"the model has a layer named '{layer.name}' already: give this one another name=")
        if isinstance(layer, InputLayer) and self._line:
            raise ArgumentError("an Input stands at the beginning of a model: it cannot be added behind other layers")
        self._line.append(layer)
        if rebuild:
            self._maybe_rebuild()
        else:
            self._sync()

    def pop(self, rebuild: bool = True) -> Layer:
        """Takes the last layer away and gives it back."""
        if not self.layers:
            raise ArgumentError("the model has no layer to pop")
        layer = self._line.pop()
        self._maybe_rebuild()
        return layer

    @property
    def layers(self) -> list[Layer]:
        """The layers, as the user gave them, without the Input."""
        return [layer for layer in self._line if not isinstance(layer, InputLayer)]

    @property
    def _graph_calls(self) -> list[Node]:
        return [] if self._symbolic is None else self._symbolic.calls

    @property
    def running_layers(self) -> tuple[Layer, ...]:
        """The layers as they run and as files hold them: wrapped in TimeDistributed where they were lifted."""
        return self.plan.lifted.layers

    @property
    def plan(self) -> Plan:
        """How the layers run."""
        if self._plan is None:
            raise NotBuiltError(
                f"model '{self.name}' is not built: give its first layer input_shape=, call model.build(input_shape) "
                "or call the model on data first"
            )
        if self._plan.settings.is_stale:
            self._plan = Plan(self.layers, self._plan.input_shape)
        return self._plan

    @property
    def _data_ports(self) -> Ports:
        """How data is arranged for this model: one input and one output."""
        return _ONE_INPUT_ONE_OUTPUT

    def objective_for(self, outputs: Any) -> Objective:
        """What the model minimises and reports, for its output."""
        return self._objective or self._objective_of(ONE_OUTPUT)

    @property
    def open_run(self) -> str | None:
        """The layer from which the model works frame by frame up to its output, or None."""
        return None if self._plan is None else self._plan.lifted.open_run

    @property
    def input_shape(self) -> Shape:
        """The shape of a batch of inputs, None where it may vary."""
        return self.plan.input_shape

    @property
    def output_shape(self) -> Shape:
        """The shape of a batch of outputs, None where it may vary."""
        return self.plan.output_shape

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic input, in a list: where graphs that reach into this model begin."""
        return leaves(self._symbolic_line().entry)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic output, in a list."""
        return leaves(self._symbolic_line().end)

    @property
    def input(self) -> Any:
        """The symbolic input: that of its first call within another model, otherwise where its own layers begin."""
        return super().input if self._nodes else self._symbolic_line().entry

    @property
    def output(self) -> Any:
        """The symbolic output: that of its first call within another model, otherwise that of its last layer."""
        return super().output if self._nodes else self._symbolic_line().end

    def _symbolic_line(self) -> SymbolicLine:
        """The calls that give each layer its `output`; those made before stay where the layers are the same."""
        plan, known = self.plan, self._symbolic
        if known is None or known.plan is not plan:
            entry = known.entry if known is not None and known.entry.shape == plan.input_shape else self._entry()
            if known is not None and known.entry is not entry:
                known.forget()
            self._symbolic = known = SymbolicLine(entry, self.layers, plan)
        return known

    def _entry(self) -> KerasTensor:
        first = self._line[0]
        if isinstance(first, InputLayer) and first.batch_shape == self.input_shape:
            entry: KerasTensor = first.output
            return entry
        return Input(batch_shape=self.input_shape, name=f"{self.name}_input")

    def build(self, input_shape: Any = None) -> None:
        """Builds all layers for an input shape, batch axis included; that of the Input when None."""
        if not self.layers:
            raise NotBuiltError(f"model '{self.name}' has no layers yet: add some first")
        shape = self._known_shape() if input_shape is None else tuple(input_shape)
        if shape is None:
            raise NotBuiltError(
                f"model '{self.name}' does not know its input shape: give it to build(), or put Input(shape) first"
            )
        self._plan = Plan(self.layers, shape)
        self._number_streams()
        self._build_shape = shape
        self.built = True
        self._symbolic_line()

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input shape, batch axis None."""
        shape = tuple(input_shape)
        if self._plan is not None and shape[1:] == self.input_shape[1:]:
            return self.output_shape
        return Plan(self.layers, shape).output_shape

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Runs the layers one after the other."""
        self._check_input(inputs.shape)
        return self.plan.run(inputs, training, mask)

    def _outputs_for(self, rows: Rows, training: bool) -> Tensor:
        """The output for some samples; frames that overlapping clips share are computed once."""
        self.ensure_built(rows.input_shape)
        own_call = type(self).call is not Sequential.call
        if not own_call and (shared := self.plan.find_shared(rows, training)) is not None:
            self._check_input(rows.shape)
            with training_scope(training):
                outputs: Tensor = self.plan.run_shared(shared, training, rows.memory)
            return outputs
        return super()._outputs_for(rows, training)

    @property
    def mixes_frames(self) -> bool:  # type: ignore[override]
        """Whether a layer inside looks at several frames."""
        return self._plan is not None and any(layer.mixes_frames for layer in self.running_layers)

    def sees_frames_alone(self, training: bool) -> bool:
        """Whether each frame of clips has the same output, whatever the clip's other frames."""
        return type(self).call is Sequential.call and self.plan.is_frame_wise(training)

    def run_on_frames(self, frames: Any, training: bool, counts: Any = None) -> Any:
        """The output for single frames (frames, 1, ...)."""
        return self.plan.run(frames, training, counts=counts)

    def get_config(self) -> dict[str, Any]:
        """The layers as they run, so that Keras reads lifted layers as TimeDistributed ones."""
        layers: list[Any] = [layer for layer in self._line if isinstance(layer, InputLayer)]
        if self._plan is not None:
            layers = layers or [InputLayer(batch_shape=self.input_shape, name=f"{self.name}_input")]
            layers += self.running_layers
        else:
            layers = list(self._line)
        config: dict[str, Any] = {
            **super().get_config(),
            "layers": [serialize_keras_object(layer) for layer in layers],
        }
        if self._plan is not None:
            config["build_input_shape"] = list(self.input_shape)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Sequential:
        """Makes the model that `get_config` described."""
        layers = [
            deserialize_keras_object(layer, custom_objects, expected="keras.layers") for layer in config["layers"]
        ]
        model = cls(layers, trainable=config.get("trainable", True), name=config.get("name"))
        if (shape := config.get("build_input_shape")) and not model.built:
            model.build(tuple(shape))
        return model

    def is_lifted(self, layer: Layer) -> bool:
        """Whether a running layer is a wrapper that video lifting made."""
        return is_lifted(layer, self.layers)

    def _maybe_rebuild(self) -> None:
        self._sync()
        self._plan, self.built = None, False
        if self.layers and self._known_shape() is not None:
            self.build()

    def _sync(self) -> None:
        """Weights and sublayers are those of the line, in its order."""
        object.__setattr__(self, "_layers", [layer for layer in self._line if not isinstance(layer, InputLayer)])

    def _known_shape(self) -> Shape | None:
        """The input shape that the first entry declares, or for which the model was built before."""
        first = self._line[0] if self._line else None
        while isinstance(first, Sequential) and first._declared_shape is None:
            first = first._line[0] if first._line else None
        return self._build_shape if first is None or first._declared_shape is None else first._declared_shape

    def _check_input(self, shape: tuple[int, ...]) -> None:
        expected = self.input_shape
        if len(shape) == len(expected) and shape[1:] == expected[1:]:
            return
        fits = len(shape) == len(expected) and all(
            want is None or want == got for want, got in zip(expected[1:], shape[1:], strict=False)
        )
        if fits:
            return
        hint = ""
        if len(shape) == len(expected) - 1 and all(
            want is None or want == got for want, got in zip(expected[1:], shape, strict=True)
        ):
            hint = ": this looks like one sample without its batch axis, use x[None]"
        raise ShapeError(
            f"model '{self.name}' takes {_describe(expected)}, x has {_describe(shape)}"
            f"{hint or ': reshape or resize the input'}"
        )


def _describe(shape: Shape) -> str:
    names = _AXES.get(len(shape), ("batch",) + ("axis",) * (len(shape) - 1))
    parts = [name if length is None else f"{name} {length}" for name, length in zip(names, shape, strict=True)]
    return f"({', '.join(parts)})"
