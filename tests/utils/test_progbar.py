"""A bar for loops of one's own."""

import sys

import pytest

import kinema
from kinema.errors import ArgumentError


def last_line(capsys, **settings):
    bar = kinema.utils.Progbar(4, **settings)
    bar.update(1, [("loss", 1.0), ("rate", 0.5)])
    bar.add(3, [("loss", 5.0), ("rate", 0.00025)])
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "figures"),
    [
        ({}, "loss: 4.0000 - rate: 4.0000e-04"),
        ({"stateful_metrics": ["rate"]}, "loss: 4.0000 - rate: 2.0000e-04"),
        ({"stateless_metrics": ["rate"]}, "loss: 5.0000 - rate: 4.0000e-04"),
    ],
)
def test_figures_are_means_over_steps_unless_they_are_stateful(capsys, monkeypatch, settings, figures):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    bar = kinema.utils.Progbar(9, interval=0, **settings)
    bar.update(1, [("loss", 1.0), ("rate", 0.001)])
    bar.add(3, [("loss", 5.0), ("rate", 0.0002)])
    assert capsys.readouterr().out.endswith(figures)


def test_the_last_update_shows_what_it_is_given(capsys):
    assert last_line(capsys, verbose=2).endswith("/step - loss: 5.0000 - rate: 2.5000e-04\n")


def test_without_a_terminal_only_the_end_is_written(capsys):
    out = last_line(capsys, width=8)
    assert out.count("\n") == 1
    assert out.startswith("4/4 ━━━━━━━━ - ")


def test_on_a_terminal_the_bar_is_drawn_in_place(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    out = last_line(capsys, width=8, interval=0)
    assert [line.split(" - ")[0] for line in out.split("\r")] == ["", "1/4 ━━╌╌╌╌╌╌", "4/4 ━━━━━━━━"]


def test_silence_and_unknown_targets(capsys):
    assert last_line(capsys, verbose=0) == ""
    bar = kinema.utils.Progbar(None, unit_name="clip")
    bar.update(3)
    bar.update(5, finalize=True)
    assert capsys.readouterr().out.startswith("5/Unknown - 0s - ")


def test_one_kind_of_metrics_is_named():
    with pytest.raises(ArgumentError, match="exclude each other"):
        kinema.utils.Progbar(1, stateful_metrics=[], stateless_metrics=[])
