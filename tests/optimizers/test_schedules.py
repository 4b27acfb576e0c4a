"""Learning-rate schedules against their formulas."""

import math

import pytest

from kinema.errors import ArgumentError
from kinema.optimizers import schedules


def test_exponential():
    rate = schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    assert rate(0) == 0.1
    assert rate(15) == pytest.approx(0.1 * 0.5**1.5)
    stairs = schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True)
    assert [stairs(step) for step in (9, 10, 19, 20)] == pytest.approx([0.1, 0.05, 0.05, 0.025])


def test_inverse_time():
    rate = schedules.InverseTimeDecay(0.3, decay_steps=2, decay_rate=0.5)
    assert rate(3) == pytest.approx(0.3 / 1.75)
    assert schedules.InverseTimeDecay(0.3, 2, 0.5, staircase=True)(3) == pytest.approx(0.2)


def test_piecewise():
    rate = schedules.PiecewiseConstantDecay([3, 5], [1.0, 0.5, 0.1])
    assert [rate(step) for step in range(7)] == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.1]


def test_cosine():
    rate = schedules.CosineDecay(0.2, decay_steps=8, alpha=0.1)
    assert rate(0) == pytest.approx(0.2)
    assert rate(2) == pytest.approx(0.2 * (0.9 * (1 + math.cos(math.pi / 4)) / 2 + 0.1))
    assert rate(8) == rate(100) == pytest.approx(0.02)


def test_cosine_with_warm_up():
    rate = schedules.CosineDecay(0.1, decay_steps=10, warmup_target=0.5, warmup_steps=4)
    assert [rate(step) for step in (0, 2, 4)] == pytest.approx([0.1, 0.3, 0.5])
    assert rate(9) == pytest.approx(0.25)
    assert rate(14) == pytest.approx(0.0)


def test_cosine_with_restarts():
    rate = schedules.CosineDecayRestarts(0.2, first_decay_steps=4, t_mul=3.0, m_mul=0.5, alpha=0.1)
    assert rate(2) == pytest.approx(0.2 * (0.9 * 0.5 + 0.1))
    assert rate(4) == pytest.approx(0.2 * (0.9 * 0.5 + 0.1))
    assert rate(10) == pytest.approx(0.2 * (0.9 * 0.25 + 0.1))
    assert rate(16) == pytest.approx(0.2 * (0.9 * 0.25 + 0.1))
    fifth = 4 * (1 + 3 + 9 + 27 + 81)
    assert rate(fifth) == pytest.approx(0.2 * (0.9 * 0.5**5 + 0.1))


def test_cosine_with_restarts_of_equal_length():
    rate = schedules.CosineDecayRestarts(0.2, first_decay_steps=4, t_mul=1.0)
    assert [rate(step) for step in (0, 2, 4, 6, 4000)] == pytest.approx([0.2, 0.1, 0.2, 0.1, 0.2])


def test_polynomial():
    rate = schedules.PolynomialDecay(0.5, decay_steps=10, end_learning_rate=0.1, power=2.0)
    assert [rate(step) for step in (0, 5, 10, 30)] == pytest.approx([0.5, 0.2, 0.1, 0.1])


def test_polynomial_begins_again():
    rate = schedules.PolynomialDecay(0.5, decay_steps=10, end_learning_rate=0.1, cycle=True)
    assert [rate(step) for step in (0, 5, 10, 11, 15, 20)] == pytest.approx([0.5, 0.3, 0.1, 0.28, 0.2, 0.1])


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True),
        schedules.InverseTimeDecay(0.1, 10, 0.5),
        schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2, 0.3]),
        schedules.CosineDecay(0.1, 10, warmup_target=0.2, warmup_steps=3),
        schedules.CosineDecayRestarts(0.1, 3, t_mul=1.5, m_mul=0.9, alpha=0.2),
        schedules.PolynomialDecay(0.1, 7, 0.01, power=0.5, cycle=True),
    ],
)
def test_files_give_the_same_schedule(schedule):
    again = schedules.deserialize(schedules.serialize(schedule))
    assert type(again) is type(schedule)
    assert [again(step) for step in range(20)] == [schedule(step) for step in range(20)]


def test_arguments_are_checked():
    with pytest.raises(ArgumentError, match=r"PiecewiseConstantDecay: 2 boundaries need 3 values, got 2"):
        schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2])
    with pytest.raises(ArgumentError, match=r"boundaries must increase, got \[2, 1\]"):
        schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3])
    with pytest.raises(ArgumentError, match=r"CosineDecay: decay_steps must be above 0, not 0"):
        schedules.CosineDecay(0.1, 0)
    with pytest.raises(ArgumentError, match=r"ExponentialDecay: decay_steps must be above 0, not -1"):
        schedules.ExponentialDecay(0.1, -1, 0.5)
    with pytest.raises(ArgumentError, match=r"CosineDecayRestarts: t_mul must be 1 or more, not 0.5"):
        schedules.CosineDecayRestarts(0.1, 10, t_mul=0.5)
    with pytest.raises(ArgumentError, match=r"CosineDecayRestarts: first_decay_steps must be above 0, not 0"):
        schedules.CosineDecayRestarts(0.1, 0)
