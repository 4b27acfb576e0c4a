"""Counting what was taken for what."""

import numpy as np

from kinema.cli.results import accuracy, accuracy_line, confusion, confusion_table

TRUTHS = np.array([0, 0, 0, 1, 1])
GUESSES = np.array([0, 0, 1, 1, 0])


def test_confusion_counts_true_rows_and_guessed_columns() -> None:
    counts = confusion(TRUTHS, GUESSES, 3)
    assert counts.tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert accuracy(counts) == 0.6
    assert accuracy_line(counts) == "0.600 (3 of 5 clips right)"


def test_table_has_the_share_of_each_row_and_none_for_an_absent_class() -> None:
    table = confusion_table(confusion(TRUTHS, GUESSES, 3), ["walk", "run", "sit"])
    assert table.splitlines() == [
        "true / guess  walk  run  sit",
        "walk             2    1    0    67%",
        "run              1    1    0    50%",
        "sit              0    0    0",
    ]
