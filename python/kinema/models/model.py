"""What every model can do: compile, fit, evaluate, predict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema.autograd import Tensor
from kinema.errors import ArgumentError
from kinema.layers import TimeDistributed
from kinema.layers.layer import Layer
from kinema.layers.structure import map_shapes
from kinema.layers.symbolic import Node, note_copies
from kinema.models import training
from kinema.models.frames import Rows
from kinema.models.functional_classes import is_graph, rest_on, takes_graph
from kinema.models.ports import Ports
from kinema.models.trainer import Trainer
from kinema.models.training_run import TrainingRun
from kinema.saving.registry import custom_object_scope


class Model(Trainer, Layer):
    """A layer that can be trained: the base of `Sequential` and of your own models.

    `Model(inputs, outputs)` makes a model of the layers between symbolic tensors, see `kinema.models.Functional`. A
    subclass creates its layers in `__init__` and composes them in `call(inputs, training)`.

    Example:
        >>> import kinema, numpy as np
        >>> class Classifier(kinema.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.out = kinema.layers.Dense(3, activation="softmax")
        ...     def call(self, inputs):
        ...         return self.out(inputs)
        >>> model = Classifier()
        >>> model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
        >>> history = model.fit(np.ones((8, 4), "float32"), np.zeros(8, "int64"), verbose=0)
        >>> model.predict(np.ones((2, 4), "float32"), verbose=0).shape
        (2, 3)
    """

    _internal_names = Layer._internal_names | {
        "_compile_arguments",
        "_objective",
        "_single_steps",
        "_training_run",
        "history",
        "loss",
        "optimizer",
    }

    #: The names of the classes that the outputs stand for; kept in the model's file.
    class_names: Any = None

    # What is here or in `__new__` need not be set by `__init__`, which a subclass may call after setting its own.
    _objective, _compile_arguments = None, None
    _has_streams = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        kind: type = cls
        if cls is Model and (args or "inputs" in kwargs or "outputs" in kwargs):
            from kinema.models.functional import Functional

            kind = Functional
        model = super().__new__(kind, *args, **kwargs)
        object.__setattr__(model, "_single_steps", {})
        object.__setattr__(model, "_training_run", TrainingRun())
        return model

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args or "inputs" in kwargs or "outputs" in kwargs:
            from kinema.models.functional import Functional

            rest_on(Functional, Model, type(self))
            Functional.__init__(self, *args, **kwargs)  # type: ignore[arg-type]
            return
        super().__init__(**kwargs)

    def ensure_built(self, input_shape: Any) -> None:
        """Builds the model for this input shape unless that has been done."""
        super().ensure_built(input_shape)
        if not self._has_streams:
            self._number_streams()

    def _number_streams(self) -> None:
        """Gives every layer inside a random stream by its place. Wrappers do not count: a lifted layer keeps its stream
        when its file spells the wrapper out."""
        self._has_streams = True
        drawing = [layer for layer in self.flatten_layers() if not isinstance(layer, TimeDistributed)]
        for position, layer in enumerate(drawing):
            layer._random_stream = position

    @property
    def _data_ports(self) -> Ports:
        """How data is arranged for this model: as its `call` takes it and gives it."""
        return Ports(free=True)

    @property
    def layers(self) -> list[Layer]:
        """The layers, as the user gave them."""
        return list(self._layers)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """One layer, by its name or its position in `layers`."""
        if (name is None) == (index is None):
            raise ArgumentError("get_layer takes either name= or index=")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ArgumentError(f"get_layer(index={index}): the model has {len(self.layers)} layers")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise ArgumentError(f"the model has no layer named {name!r}; its layers are: {names}")

    @property
    def _graph_calls(self) -> list[Node]:
        """The symbolic calls of layers that the model is made of, each behind those it needs."""
        return []

    def __getstate__(self) -> Any:
        """What copies are made of, the calls first: a deep graph is not to be followed from its end."""
        return {"_graph_calls": self._graph_calls, **super().__getstate__()}

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update((name, value) for name, value in state.items() if name != "_graph_calls")
        note_copies(self._graph_calls)

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights of all layers for inputs of this shape (batch axis None), by a call on zeros."""
        super().build(input_shape)
        if input_shape is not None:
            shape = map_shapes(input_shape, tuple)
            self._note_build_shape(shape)
            self._build_sublayers(shape)

    def _outputs_for(self, rows: Rows, training: bool) -> Tensor:
        """The output for some samples of an array."""
        outputs: Tensor = self(rows.gather_masked(), training=training)
        return outputs

    def sees_frames_alone(self, training: bool) -> bool:
        """Whether the model is known to give each frame of clips the same output, whatever the clip's other frames."""
        return False

    def run_on_frames(self, frames: Any, training: bool, counts: Any = None) -> Any:
        """The output for single frames (frames, 1, ...), where `sees_frames_alone` says that this is known.

        Args:
            frames: The frames.
            training: Whether this is a training step.
            counts: In training, how often the batch shows each frame.
        """
        raise NotImplementedError(f"{type(self).__name__} is not known to see frames alone: run it on whole clips")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: where the output has a mask, the layers inside have set it."""
        return None

    def _set_masks(self, outputs: Any, inputs: Any, mask: Any) -> None:
        if type(self).compute_mask is not Model.compute_mask:  # a subclass that has a mask of its own to set
            super()._set_masks(outputs, inputs, mask)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> Any:
        """Trains the model.

        Args:
            x: Samples: an array (a list or dict of them for several inputs), a generator of (x, y) batches, or a
                dataset such as `kinema.video.VideoFolder`.
            y: Targets, one a sample (a list or dict of arrays for several outputs); None when `x` yields them.
            batch_size: Samples a step; 32 when None.
            epochs: The number of the last epoch: training runs from `initial_epoch` to it.
            verbose: 0 silent, 1 a progress bar, 2 a line an epoch; "auto" is 1.
            callbacks: Callbacks of `kinema.callbacks`.
            validation_split: The last fraction of the samples is kept for validation.
            validation_data: (x, y) or (x, y, sample_weight) or a dataset to validate on after each epoch.
            shuffle: Draw a new order of the samples every epoch. "blocks" shuffles batches of samples that follow each
                other: neighbouring windows of a video stay together and share their frames.
            class_weight: Class number -> weight of its samples in the loss; "balanced": every class of the training
                data counts the same.
            sample_weight: A weight for each sample (or for each time step of each sample).
            initial_epoch: The number of the first epoch, to go on with an earlier training.
            steps_per_epoch: Steps an epoch, which goes on where the one before it stopped; all batches when None.
            validation_steps: Batches of a validation; all when None.
            validation_batch_size: Samples a validation batch; `batch_size` when None.
            validation_freq: Validate every so many epochs, or in the epochs (counted from 1) of this list.

        Returns:
            History: `history` holds a list of values for each metric.

        Raises:
            NonFiniteError: The loss became NaN or infinite; the weights are those before that step.
        """
        return training.fit(
            self,
            training.FitSettings(
                epochs=epochs,
                verbose=training.verbosity(verbose),
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                validation_steps=validation_steps,
                validation_freq=validation_freq,
                class_weight=class_weight,
            ),
            *training.fit_data(
                x, y, sample_weight, batch_size, shuffle, steps_per_epoch,
                validation_split, validation_data, validation_batch_size, validation_steps, self._data_ports,
            ),
            callbacks,
        )  # fmt: skip

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and metrics on data: a number, a list in the order of `metrics_names`, or a dict."""
        if kwargs:
            raise ArgumentError(f"evaluate does not know the argument(s) {', '.join(sorted(kwargs))}")
        logs = training.evaluate(self, x, y, sample_weight, batch_size, steps, verbose, callbacks)
        if return_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs for all samples of `x`, as an array of their own."""
        return training.predict(self, x, batch_size, steps, verbose, callbacks)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch; gives the loss, or the loss and metrics of this batch."""
        return self._answer(training.train_on_batch(self, x, y, sample_weight, class_weight), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and metrics of one batch, without training."""
        return self._answer(training.test_on_batch(self, x, y, sample_weight), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as an array of their own."""
        return training.predict_on_batch(self, x)

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Prints the layers with their output shapes and parameters, and the memory that training takes."""
        from kinema.models.summary import summary_text

        (print_fn or print)(summary_text(self, line_length, expand_nested, show_trainable, layer_range))

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Writes the model to a `.keras` or `.h5` file: architecture, weights, optimizer, seed, epoch and step."""
        from kinema.saving import save_model

        save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Writes the weights alone to a `.weights.h5` file."""
        from kinema.saving import save_weights

        save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Reads the weights from a file of weights or of a whole model."""
        from kinema.saving import load_weights

        load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Makes the model that `get_config` described.

        Args:
            config: What it gave.
            custom_objects: Your own classes and functions by name.
        """
        with custom_object_scope(custom_objects or {}):
            if cls is Model or (is_graph(config) and takes_graph(cls)):
                from kinema.models.functional import functional_from_config

                return functional_from_config(cls, config)
            return super().from_config(config)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON text, which `kinema.models.model_from_json` and Keras read."""
        import json

        from kinema.saving import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)

    def _answer(self, logs: dict[str, float], return_dict: bool) -> Any:
        if return_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values
