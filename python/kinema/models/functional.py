"""A model that is a graph of layers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from kinema.autograd import Tensor
from kinema.errors import ArgumentError, DTypeError, ShapeError
from kinema.layers import InputLayer
from kinema.layers.layer import Layer, training_scope
from kinema.layers.structure import leaves, map_leaves, shapes_in
from kinema.layers.symbolic import KerasTensor, Node
from kinema.models.frames import Rows
from kinema.models.functional_classes import takes_graph
from kinema.models.graph import Graph, distinct, with_own_inputs
from kinema.models.graph_plan import GraphPlan
from kinema.models.model import Model
from kinema.models.objectives import ONE_OUTPUT, CompileArguments, Objective, order_of
from kinema.models.ports import Ports
from kinema.models.sharing import find_shared, gathered_features
from kinema.models.structure import SeveralRows
from kinema.saving.registry import builtin


@builtin("keras.src.models.functional", "Model")
class Functional(Model):
    """The layers between symbolic inputs and outputs: what `kinema.Model(inputs, outputs)` makes.

    Layers made for single frames (Conv2D, pooling, padding, a Flatten or Reshape directly behind them) work on clips
    too, as in `Sequential`; straight lines of layers run as a `Sequential` of them would.

    Args:
        inputs: What `Input` gave, or a list or dict of such tensors.
        outputs: Symbolic tensors computed from them.
        name: The model's name.
        trainable: Whether training changes the weights.

    Raises:
        ArgumentError: The outputs need an input that is not given.

    Example:
        >>> import kinema, numpy as np
        >>> from kinema import layers
        >>> frames, sound = kinema.Input((8, 32, 32, 3), name="frames"), kinema.Input((8, 13), name="sound")
        >>> seen = layers.Flatten()(layers.MaxPooling2D(4)(layers.Conv2D(4, 3, activation="relu")(frames)))
        >>> both = layers.LSTM(16)(layers.Concatenate()([seen, sound]))
        >>> model = kinema.Model(inputs=[frames, sound], outputs=layers.Dense(2, activation="softmax")(both))
        >>> model.compile("adam", "sparse_categorical_crossentropy")
        >>> clips, features = np.zeros((4, 8, 32, 32, 3), "float32"), np.zeros((4, 8, 13), "float32")
        >>> history = model.fit([clips, features], np.array([0, 1, 0, 1]), verbose=0)
        >>> model.predict({"frames": clips, "sound": features}, verbose=0).shape
        (4, 2)
    """

    _internal_names = Model._internal_names | {"graph", "_graph_plan", "_inputs", "_outputs", "_given_before"}

    def __init__(
        self, inputs: Any, outputs: Any, name: str | None = None, trainable: bool | None = True, **kwargs: Any
    ) -> None:
        super().__init__(name=name, trainable=trainable is not False, **kwargs)
        for leaf in [*leaves(inputs), *leaves(outputs)]:
            if not isinstance(leaf, KerasTensor):
                hint = ": call the layer on one" if isinstance(leaf, Layer) else ""
                raise DTypeError(
                    f"Model(inputs, outputs) takes symbolic tensors, as kinema.Input and layers called on them give, "
                    f"not {type(leaf).__name__}{hint}"
                )
        if not leaves(inputs) or not leaves(outputs):
            raise ArgumentError("Model(inputs, outputs) needs at least one input and one output")
        own_inputs, own_outputs = with_own_inputs(inputs, outputs)
        self._inputs, self._outputs = own_inputs, own_outputs
        self.graph = Graph(leaves(own_inputs), leaves(own_outputs))
        #: The layers that a subclass made attributes of before the graph was there: they come first among the weights.
        self._given_before = list(self._layers)
        self._sync()
        self._graph_plan = GraphPlan(self.graph)
        self.built = True

    def _sync(self) -> None:
        """Sublayers are those of the graph, in Keras's order; streams are numbered as in `Sequential`."""
        in_graph = [layer for layer in self.layers if not isinstance(layer, InputLayer)]
        object.__setattr__(self, "_layers", distinct([*self._given_before, *in_graph]))
        self._number_streams()

    @property
    def graph_plan(self) -> GraphPlan:
        """How the graph runs."""
        if self._graph_plan.settings.is_stale:
            self._graph_plan = GraphPlan(self.graph)
        return self._graph_plan

    @property
    def layers(self) -> list[Layer]:
        """The layers, as the user made them, with the inputs."""
        return self.graph.layers

    @property
    def _graph_calls(self) -> list[Node]:
        return self.graph.nodes

    @property
    def running_layers(self) -> tuple[Layer, ...]:
        """The layers as they run and as files hold them: wrapped in TimeDistributed where they were lifted."""
        return tuple(self.graph.running_layers)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs."""
        return self.graph.inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs."""
        return self.graph.outputs

    @property
    def input(self) -> Any:
        """The symbolic inputs as they were given."""
        return self._inputs

    @property
    def output(self) -> Any:
        """The symbolic outputs as they were given."""
        return self._outputs

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs, in the order of `inputs`."""
        if isinstance(self._inputs, dict):
            return sorted(self._inputs)
        return [_layer_name(tensor) for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs, in the order of `outputs`: those of a dict, else those of their layers."""
        if isinstance(self._outputs, dict):
            return sorted(self._outputs)
        names: list[str] = []
        for name in (_layer_name(tensor) for tensor in self.outputs):
            count = sum(other == name or other.rpartition("_")[0] == name for other in names) if name in names else 0
            names.append(f"{name}_{count}" if count else name)
        return names

    @property
    def _data_ports(self) -> Ports:
        """How data is arranged for this model."""
        return Ports(tuple(self.input_names), tuple(self.output_names), plain=isinstance(self._inputs, KerasTensor))

    @property
    def input_shape(self) -> Any:
        """The shape of a batch of inputs, None where it may vary; one for each input as they were given."""
        return map_leaves(_alone(self._inputs), lambda tensor: tensor.shape)

    @property
    def output_shape(self) -> Any:
        """The shape of a batch of outputs, None where it may vary; one for each output as they were given."""
        return map_leaves(_alone(self._outputs), lambda tensor: tensor.shape)

    @property
    def open_run(self) -> str | None:
        """The layer from which the model works frame by frame up to its only output, or None."""
        return self.outputs[0].run if len(self.outputs) == 1 else None

    def build(self, input_shape: Any = None) -> None:
        """Nothing: the graph has been built layer by layer."""
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The outputs' shapes for shapes of the inputs, batch axis None."""
        shapes = {entry: tuple(shape) for entry, shape in zip(self.inputs, self._flat(input_shape), strict=True)}

        def known(leaf: Any) -> Any:
            return shapes[leaf] if isinstance(leaf, KerasTensor) else leaf

        for node in self.graph.nodes:
            if node.is_input:
                continue
            if all(shapes[tensor] == tensor.shape for tensor in node.inputs):
                found = [tensor.shape for tensor in node.outputs]
            else:
                answer = node.running.compute_output_shape(map_leaves(node.args[0], known))
                found = shapes_in(answer)
            shapes.update(zip(node.outputs, found, strict=True))
        return map_leaves(_alone(self._outputs), shapes.__getitem__)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Runs the graph."""
        values = self._flat(inputs)
        for entry, value, one in zip(self.inputs, values, self._masks(mask), strict=True):
            _check_shape(self.name, entry, value.shape)
            if one is not None:
                value.mask = one
        return self._arranged(self.graph_plan.run(values, training))

    def _outputs_for(self, rows: Any, training: bool) -> Any:
        """The outputs for some samples; frames that overlapping clips share are computed once."""
        parts = [rows.parts[name] for name in self.input_names] if isinstance(rows, SeveralRows) else [rows]
        features = {}
        if type(self).call is Functional.call:
            for entry, part in zip(self.inputs, parts, strict=True):
                if (found := self._shared_features(entry, part, training)) is not None:
                    features[entry] = found
        if not features:
            return self(rows.gather_masked(), training=training)
        values = [
            None if entry in features else self._convert(part.gather_masked())
            for entry, part in zip(self.inputs, parts, strict=True)
        ]
        for entry, value in zip(self.inputs, values, strict=True):
            if value is not None:
                _check_shape(self.name, entry, value.shape)
        with training_scope(training):
            return self._arranged(self.graph_plan.run(values, training, features))

    @property
    def mixes_frames(self) -> bool:  # type: ignore[override]
        """Whether a layer inside looks at several frames."""
        return any(layer.mixes_frames for layer in self.running_layers)

    def sees_frames_alone(self, training: bool) -> bool:
        """Whether each frame of clips has the same output, whatever the clip's other frames."""
        if type(self).call is not Functional.call or len(self.inputs) > 1 or len(self.outputs) > 1:
            return False
        return self.graph_plan.frame_part(self.inputs[0], training).is_whole

    def run_on_frames(self, frames: Any, training: bool, counts: Any = None) -> Any:
        """The output for single frames (frames, 1, ...)."""
        (outputs,) = self.graph_plan.frame_part(self.inputs[0], training).frame_features(frames, counts)
        return self._arranged([outputs])

    def _shared_features(self, entry: KerasTensor, rows: Rows, training: bool) -> list[Tensor] | None:
        """What an input's frame-wise part makes of its clips; None where their frames are not shared."""
        frame_part = self.graph_plan.frame_part(entry, training)
        shared = find_shared(rows, frame_part.frame_products, training) if frame_part.shares_frames else None
        if shared is None:
            return None
        _check_shape(self.name, entry, rows.shape)
        with training_scope(training):
            return gathered_features(
                lambda frames, counts: frame_part.frame_features(self._convert(frames), counts),
                shared,
                training,
                rows.memory,
            )

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Nothing more: the outputs carry the masks that their layers gave them."""
        return None

    def objective_for(self, outputs: Any) -> Objective:
        """What the model minimises and reports, for its outputs."""
        return self._objective_of(self._output_keys)

    @property
    def _output_keys(self) -> tuple[Hashable, ...]:
        return ONE_OUTPUT if len(self.outputs) == 1 else tuple(self.output_names)

    def _first_objective(self, arguments: CompileArguments) -> Objective:
        keys = self._output_keys
        return Objective(self, arguments, keys, named=keys != ONE_OUTPUT, order=order_of(self._outputs))

    def get_build_config(self) -> None:
        """Nothing: the inputs say their shapes."""
        return

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Nothing: the graph has been built layer by layer."""

    def get_config(self) -> dict[str, Any]:
        """The layers as they run and their calls, as Keras 3 writes them; of a subclass that makes the graph itself,
        the arguments of its constructor."""
        from kinema.models.graph_config import graph_config

        if self._is_automatic():
            return self._automatic_config()
        if not takes_graph(type(self)):
            return self._base_config()
        return {
            "name": self.name,
            "trainable": self._trainable,
            **graph_config(self.graph, self._inputs, self._outputs),
        }

    @classmethod
    def _is_automatic(cls) -> bool:
        return cls.get_config is Functional.get_config and not takes_graph(cls)

    def is_lifted(self, layer: Layer) -> bool:
        """Whether a running layer is a wrapper that video lifting made."""
        return not any(layer is own for own in self.layers)

    def _set_masks(self, outputs: Any, inputs: Any, mask: Any) -> None:
        """Nothing: layers inside have set them."""

    def _flat(self, inputs: Any) -> list[Any]:
        """What came in, in the order of `inputs`: one thing alone, a list, or a dict by names."""
        names = self.input_names
        if isinstance(inputs, dict):
            if missing := [name for name in names if name not in inputs]:
                raise ShapeError(
                    f"model '{self.name}' has the inputs {', '.join(map(repr, names))}, and '{missing[0]}' is missing"
                )
            return [inputs[name] for name in names]
        if len(names) == 1:
            return list(inputs) if isinstance(inputs, list) and len(inputs) == 1 else [inputs]
        if not isinstance(inputs, (list, tuple)) or len(inputs) != len(names):
            came = f"{len(inputs)} of them" if isinstance(inputs, (list, tuple)) else "one array"
            raise ShapeError(
                f"model '{self.name}' takes {len(names)} inputs, {', '.join(map(repr, names))}, and got {came}: "
                "give a list in that order, or a dict"
            )
        return list(inputs)

    def _masks(self, mask: Any) -> list[Any]:
        return [None] * len(self.inputs) if mask is None else self._flat(mask)

    def _arranged(self, values: list[Any]) -> Any:
        by_tensor = dict(zip(self.outputs, values, strict=True))
        return map_leaves(_alone(self._outputs), by_tensor.__getitem__)


def functional_from_config(cls: type, config: dict[str, Any]) -> Any:
    """Makes the model, of this class, that `Functional.get_config` described."""
    from kinema.models.graph_config import graph_from_config

    inputs, outputs, order = graph_from_config(config)
    model = cls(inputs, outputs, name=config.get("name"), trainable=config.get("trainable"))
    model.graph.use_order(order)
    model._sync()
    return model


def _alone(structure: Any) -> Any:
    """The only entry of a list of one, as Keras gives it."""
    return structure[0] if isinstance(structure, (list, tuple)) and len(structure) == 1 else structure


def _layer_name(tensor: KerasTensor) -> str:
    assert tensor.node is not None
    return tensor.node.running.name


def _check_shape(model: str, entry: KerasTensor, shape: Any) -> None:
    expected = entry.shape
    fits = len(shape) == len(expected) and all(
        want is None or want == got for want, got in zip(expected[1:], shape[1:], strict=True)
    )
    if not fits:
        hint = (
            "this looks like one sample without its batch axis, use x[None]"
            if len(shape) == len(expected) - 1
            and all(want is None or want == got for want, got in zip(expected[1:], shape, strict=True))
            else "reshape or resize the input"
        )
        raise ShapeError(
            f"model '{model}': input '{_layer_name(entry)}' has shape {expected}, and got {tuple(shape)}: {hint}"
        )
