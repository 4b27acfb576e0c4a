"""The names through which Keras scripts reach things."""

import sys

import numpy as np
import pytest

import kinema
from kinema.errors import ArgumentError
from kinema.models.progress import Progress

_SAVING = """CustomObjectScope custom_object_scope deserialize_keras_object get_custom_objects get_registered_name
get_registered_object register_keras_serializable serialize_keras_object"""


@pytest.mark.parametrize("name", _SAVING.split())
def test_utils_have_what_saving_has(name: str) -> None:
    assert getattr(kinema.utils, name) is getattr(kinema.saving, name)


def test_bases_are_at_the_top() -> None:
    assert kinema.Initializer is kinema.initializers.Initializer
    assert kinema.Loss is kinema.losses.Loss
    assert kinema.Metric is kinema.metrics.Metric
    assert kinema.Optimizer is kinema.optimizers.Optimizer
    assert kinema.Regularizer is kinema.regularizers.Regularizer


def test_the_version_is_told() -> None:
    assert kinema.version() == kinema.__version__


@pytest.mark.parametrize("name", ["he_normal", "glorot_uniform", "zeros", "constant", "orthogonal", "random_normal"])
def test_initializers_have_lower_case_names(name: str) -> None:
    made = getattr(kinema.initializers, name)()
    assert type(made) is type(kinema.initializers.get(name))
    assert np.shape(made((2, 3))) == (2, 3)


def test_a_cleared_session_numbers_layers_anew() -> None:
    kinema.backend.clear_session()
    assert [kinema.layers.Dense(1).name for _ in range(2)] == ["dense", "dense_1"]
    kinema.utils.clear_session(free_memory=False)
    assert kinema.layers.Dense(1).name == "dense"


def test_symbolic_tensors_are_told_from_others() -> None:
    assert kinema.backend.is_keras_tensor(kinema.Input((2,)))
    assert not kinema.utils.is_keras_tensor(kinema.Tensor([1.0]))


def test_the_order_of_axes_cannot_be_changed() -> None:
    kinema.backend.set_image_data_format("channels_last")
    with pytest.raises(ArgumentError, match="'channels_last', not 'channels_first': move the channels"):
        kinema.config.set_image_data_format("channels_first")


def test_bars_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = []
    for switch in (kinema.config.disable_interactive_logging, kinema.utils.enable_interactive_logging):
        switch()
        progress = Progress(1, epochs=1, steps=2)
        progress.begin("Epoch")
        shown.append((kinema.config.is_interactive_logging_enabled(), progress._bar is not None))
        progress.close()
    assert shown == [(False, False), (True, True)]
