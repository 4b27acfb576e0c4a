"""The base of callbacks, and the list that calls them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kinema.autograd import Tensor, Variable
from kinema.errors import DTypeError


class Callback:
    """What is told about the progress of `fit`, `evaluate` and `predict`.

    Override any of the methods. `self.model` is the model, `self.params` says `epochs`, `steps` and `verbose`. `logs`
    holds the loss and metrics as plain numbers. Set `self.model.stop_training = True` to end the training after the
    current batch.

    Example:
        >>> import kinema
        >>> class Announce(kinema.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(f"epoch {epoch + 1}: loss {logs['loss']:.2f}")
        >>> Announce().on_epoch_end(0, {"loss": 0.5})
        epoch 1: loss 0.50
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self.validation_data: Any = None
        self._model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Told once, before anything else."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Told once, before anything else."""
        self._model = model

    @property
    def model(self) -> Any:
        """The model that is trained, evaluated or asked to predict."""
        return self._model

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """The same as `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """The same as `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before an epoch; they are counted from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After an epoch and its validation, whose figures are named `val_...`."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of `fit`."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of `fit`."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of `evaluate` or of validation."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of `evaluate` or of validation."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of `predict`."""

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """At the start of `fit`."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """At the end of `fit`."""

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """At the start of `evaluate` or of validation."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """At the end of `evaluate` or of validation."""

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """At the start of `predict`."""

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """At the end of `predict`."""


class History(Callback):
    """Keeps every epoch's figures; `fit` returns one.

    `history` maps each figure's name to its list, `epoch` lists the epochs.

    Example:
        >>> import kinema
        >>> history = kinema.callbacks.History()
        >>> history.on_epoch_end(0, {"loss": 0.5})
        >>> history.history
        {'loss': [0.5]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.history = {}
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class CallbackList(Callback):
    """Callbacks that are told together, in order.

    Args:
        callbacks: A callback, or a list of them, possibly nested.
        add_history: Add a `History` at the end if there is none.
        model: The model.
        **params: What the callbacks find in `params`.

    Example:
        >>> import kinema
        >>> every = kinema.callbacks.CallbackList([], add_history=True, epochs=1)
        >>> every.on_epoch_end(0, {"loss": 0.5})
        >>> every.history.history
        {'loss': [0.5]}
    """

    def __init__(self, callbacks: Any = None, add_history: bool = False, model: Any = None, **params: Any) -> None:
        super().__init__()
        self.callbacks: list[Callback] = _flatten(callbacks)
        self._history = next((one for one in self.callbacks if isinstance(one, History)), None)
        if add_history and self._history is None:
            self._history = History()
            self.callbacks.append(self._history)
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    @property
    def history(self) -> History | None:
        """The `History` in the list."""
        return self._history

    def append(self, callback: Callback) -> None:
        """Adds a callback at the end."""
        self.callbacks.append(callback)

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)


def plain_logs(logs: dict[str, Any] | None) -> dict[str, Any]:
    """Logs with single numbers as Python floats, whatever they came as."""
    return {name: _plain(value) for name, value in (logs or {}).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (Tensor, Variable)):
        value = value.numpy()
    return float(value) if getattr(value, "shape", None) == () else value


def _flatten(callbacks: Any) -> list[Callback]:
    if callbacks is None:
        return []
    if isinstance(callbacks, type) or not (hasattr(callbacks, "set_model") or isinstance(callbacks, Iterable)):
        hint = f": this is a class, give {callbacks.__name__}(...)" if isinstance(callbacks, type) else ""
        raise DTypeError(f"callbacks are objects of kinema.callbacks or your own Callback, not {callbacks!r}{hint}")
    if not isinstance(callbacks, Iterable):
        return [callbacks]
    return [one for group in callbacks for one in _flatten(group)]


def _told(name: str, numbered: bool) -> Any:
    """A method of `CallbackList` that passes a call on to every callback, with the same plain logs for all."""

    def with_number(self: CallbackList, number: int, logs: dict[str, Any] | None = None) -> None:
        plain = plain_logs(logs)
        for callback in self.callbacks:
            getattr(callback, name)(number, plain)

    def without_number(self: CallbackList, logs: dict[str, Any] | None = None) -> None:
        plain = plain_logs(logs)
        for callback in self.callbacks:
            getattr(callback, name)(plain)

    return with_number if numbered else without_number


for _phase in ("train", "test", "predict"):
    for _moment in ("begin", "end"):
        setattr(CallbackList, f"on_{_phase}_{_moment}", _told(f"on_{_phase}_{_moment}", False))
        setattr(CallbackList, f"on_{_phase}_batch_{_moment}", _told(f"on_{_phase}_batch_{_moment}", True))
for _moment in ("begin", "end"):
    setattr(CallbackList, f"on_epoch_{_moment}", _told(f"on_epoch_{_moment}", True))
    setattr(CallbackList, f"on_batch_{_moment}", _told(f"on_batch_{_moment}", True))
