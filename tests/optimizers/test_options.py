"""Arguments of optimisers: today's, yesterday's and impossible ones."""

import copy
import warnings

import pytest

from kinema import optimizers
from kinema.errors import ArgumentError, DTypeError
from kinema.optimizers.schedules import ExponentialDecay, InverseTimeDecay

ALL = [
    optimizers.SGD,
    optimizers.RMSprop,
    optimizers.Adam,
    optimizers.AdamW,
    optimizers.Nadam,
    optimizers.Adamax,
    optimizers.Adagrad,
    optimizers.Adadelta,
    optimizers.Lion,
    optimizers.Ftrl,
]


@pytest.mark.parametrize("cls", ALL)
def test_lr_is_the_learning_rate_with_a_warning(cls):
    with pytest.warns(
        DeprecationWarning, match=rf"{cls.__name__}\(lr=...\) is an old spelling: write learning_rate=0.25"
    ):
        optimizer = cls(lr=0.25)
    assert optimizer.learning_rate == optimizer.lr == 0.25


def test_the_warning_points_at_the_caller():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        optimizers.AdamW(lr=0.25)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("cls", ALL)
def test_decay_divides_by_the_steps(cls):
    with pytest.warns(DeprecationWarning, match=r"write learning_rate=InverseTimeDecay\(0.5, 1, 0.1\)"):
        optimizer = cls(learning_rate=0.5, decay=0.1)
    assert optimizer.learning_rate == 0.5
    optimizer.end_step()
    assert optimizer.learning_rate == pytest.approx(0.5 / 1.1)


def test_no_decay_is_no_schedule():
    assert optimizers.SGD(0.5, decay=0.0).learning_rate == 0.5


def test_old_names():
    assert optimizers.adam is optimizers.legacy.Adam is optimizers.Adam
    for cls in ALL:
        assert getattr(optimizers, cls.__name__.lower()) is cls
        if cls is not optimizers.Lion:  # which is younger
            assert getattr(optimizers.legacy, cls.__name__) is cls


@pytest.mark.parametrize("cls", ALL)
def test_names_of_classes(cls):
    assert type(optimizers.get(cls.__name__)) is type(optimizers.get(cls.__name__.lower())) is cls


@pytest.mark.parametrize("name", ["adam", "Adam", "ADAM"])
def test_names_in_any_case(name):
    assert type(optimizers.get(name)) is optimizers.Adam


def test_unknown_names_get_a_hint():
    with pytest.raises(ArgumentError, match=r"unknown optimizer 'adm': did you mean 'adam'"):
        optimizers.get("adm")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: optimizers.SGD(momentum=1.5), "SGD: momentum must be a number from 0 to 1, got 1.5"),
        (lambda: optimizers.Adam(beta_1="x"), "Adam: beta_1 must be a number from 0 to 1, got 'x'"),
        (lambda: optimizers.Adam(-0.1), "Adam: learning_rate must be a finite number that is not negative.*got -0.1"),
        (lambda: optimizers.Adam("fast"), "learning_rate must be a finite number .*got 'fast'"),
        (lambda: optimizers.Adam(float("nan")), "learning_rate must be a finite number .*got nan"),
        (lambda: optimizers.Nadam(beta_2=2), "Nadam: beta_2 must be a number from 0 to 1, got 2"),
        (lambda: optimizers.Adamax(epsilon=-1), "Adamax: epsilon must be a number from 0 to 1, got -1"),
        (
            lambda: optimizers.Adagrad(initial_accumulator_value=-1),
            "Adagrad: initial_accumulator_value must be a number from 0 to inf, got -1",
        ),
        (lambda: optimizers.Adadelta(rho="x"), "Adadelta: rho must be a number from 0 to 1, got 'x'"),
        (
            lambda: optimizers.Lion(beta_1=0.0),
            "Lion: beta_1 must be above 0, got 0.0: with 0 the steps would not depend",
        ),
        (lambda: optimizers.Ftrl(learning_rate_power=1), "learning_rate_power must be a number from -inf to 0, got 1"),
        (
            lambda: optimizers.Ftrl(l1_regularization_strength=-1),
            "Ftrl: l1_regularization_strength must be a number from 0 to inf, got -1",
        ),
        (lambda: optimizers.SGD(clipnorm=1, clipvalue=2), "choose one kind of clipping, not clipnorm and clipvalue"),
        (lambda: optimizers.SGD(clipnorm=-1), "SGD: clipnorm must be a finite number above 0 or None, got -1"),
        (lambda: optimizers.SGD(learn_rate=1), "SGD has no argument 'learn_rate'"),
        (lambda: optimizers.SGD(loss_scale_factor=8.0), "SGD: loss_scale_factor=8.0 is not supported; leave it out"),
        (lambda: optimizers.SGD(use_ema=True, ema_momentum=2), "ema_momentum must be a number from 0 to 1, got 2"),
        (lambda: optimizers.SGD(ema_overwrite_frequency=0), "ema_overwrite_frequency must be a whole number from 1 on"),
        (lambda: optimizers.SGD(gradient_accumulation_steps=1), "accumulation_steps must be a whole number from 2 on"),
        (lambda: optimizers.SGD(ExponentialDecay(1, 1, 1), decay=0.1), "a schedule decays by itself"),
    ],
)
def test_impossible_arguments(make, text):
    with pytest.raises(ArgumentError, match=text):
        make()


def test_the_rate_can_be_set():
    optimizer = optimizers.SGD(0.5)
    optimizer.learning_rate = 0.25
    assert optimizer.lr == 0.25
    optimizer.lr *= 0.5
    assert optimizer.learning_rate == 0.125
    optimizer.learning_rate = ExponentialDecay(0.3, 1, 0.5)
    assert optimizer.learning_rate == pytest.approx(0.3)
    assert [variable.name for variable in optimizer.variables] == ["iteration"]
    with pytest.raises(DTypeError, match=r"SGD was made with a learning-rate schedule"):
        optimizer.learning_rate = 0.1
    with pytest.raises(ArgumentError, match=r"learning_rate must be finite and not negative, got -1"):
        optimizers.SGD().learning_rate = -1


def test_the_rate_can_be_assigned_as_a_variable_is():
    optimizer = optimizers.SGD(0.5)
    optimizer.learning_rate.assign(0.25)
    optimizer.learning_rate.assign(optimizer.learning_rate * 0.5)
    assert optimizer.learning_rate == optimizer.learning_rate.numpy() == optimizer.learning_rate.value == 0.125
    assert f"{optimizer.lr:.2f}" == "0.12"
    assert type(copy.deepcopy(optimizer.learning_rate)) is float
    with pytest.raises(DTypeError, match="was made with a learning-rate schedule"):
        optimizers.SGD(ExponentialDecay(0.3, 1, 0.5)).learning_rate.assign(0.1)


def test_a_function_as_rate():
    rates = iter([0.5, 0.25])
    optimizer = optimizers.SGD(lambda: next(rates))
    assert [optimizer.learning_rate, optimizer.learning_rate] == [0.5, 0.25]


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.SGD(0.5, momentum=0.9, nesterov=True, clipnorm=1.0, name="mine"),
        optimizers.RMSprop(0.25, rho=0.5, momentum=0.1, epsilon=1e-3, centered=True),
        optimizers.Adam(ExponentialDecay(0.1, 5, 0.5), beta_1=0.5, amsgrad=True, global_clipnorm=2.0),
        optimizers.AdamW(0.125, weight_decay=0.5, clipvalue=0.1),
        optimizers.Nadam(0.25, beta_1=0.5, beta_2=0.75, epsilon=1e-3),
        optimizers.Adamax(0.25, beta_1=0.5, beta_2=0.75, epsilon=1e-3),
        optimizers.Adagrad(0.25, initial_accumulator_value=0.5, epsilon=1e-3),
        optimizers.Adadelta(0.25, rho=0.5, epsilon=1e-3),
        optimizers.Lion(0.25, beta_1=0.5, beta_2=0.75),
        optimizers.Ftrl(0.25, -0.25, 0.5, 0.125, 0.375, 0.0625, 0.75),
    ],
)
def test_files_give_the_same_optimizer(optimizer):
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()


def test_old_files_are_read_without_warnings():
    config = {"lr": 0.25, "decay": 0.0, "epsilon": None, "amsgrad": False, "beta_1": 0.9, "beta_2": 0.999}
    assert optimizers.deserialize({"class_name": "Adam", "config": config}).learning_rate == 0.25
    config = {"name": "SGD", "learning_rate": 0.5, "decay": 0.5, "momentum": 0.0, "nesterov": False}
    optimizer = optimizers.deserialize({"class_name": "SGD", "config": config})
    assert optimizer.get_config()["learning_rate"]["class_name"] == InverseTimeDecay.__name__


def test_the_decay_of_an_old_nadam_is_not_the_rates():
    config = {"learning_rate": 0.25, "decay": 0.004, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    assert optimizers.deserialize({"class_name": "Nadam", "config": config}).get_config()["learning_rate"] == 0.25
    config = {"lr": 0.25, "schedule_decay": 0.004, "beta_1": 0.9, "beta_2": 0.999, "epsilon": None}
    assert optimizers.deserialize({"class_name": "Nadam", "config": config}).learning_rate == 0.25


def test_files_of_other_versions_have_more_settings():
    config = {
        "name": "adam",
        "learning_rate": 0.5,
        "weight_decay": None,
        "clipnorm": None,
        "global_clipnorm": None,
        "clipvalue": None,
        "use_ema": False,
        "ema_momentum": 0.99,
        "ema_overwrite_frequency": None,
        "loss_scale_factor": None,
        "gradient_accumulation_steps": None,
        "jit_compile": True,
        "is_legacy_optimizer": False,
    }
    assert optimizers.deserialize({"class_name": "Adam", "config": config}).learning_rate == 0.5


@pytest.mark.parametrize("cls", [optimizers.SGD, optimizers.Adam, optimizers.AdamW, optimizers.RMSprop])
@pytest.mark.parametrize("nothing", [0, 0.0])
def test_no_weight_decay_stays_a_number(cls, nothing):
    """Keras refuses an AdamW without one."""
    optimizer = cls(weight_decay=nothing)
    assert repr(optimizer.get_config()["weight_decay"]) == "0.0"
    assert cls.from_config(optimizer.get_config()).weight_decay == 0.0
