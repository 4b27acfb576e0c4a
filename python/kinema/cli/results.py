"""How good a classifier is: counts of what was taken for what."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]


def confusion(truths: Labels, guesses: Labels, classes: int) -> Labels:
    """Return the matrix of counts: a row a true label, a column a guess."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (truths, guesses), 1)
    return counts


def accuracy(counts: Labels) -> float:
    """Return the share of guesses that were right."""
    return float(np.trace(counts) / counts.sum())


def accuracy_line(counts: Labels) -> str:
    """Return the accuracy with what it is made of."""
    return f"{accuracy(counts):.3f} ({np.trace(counts)} of {counts.sum()} clips right)"


def confusion_table(counts: Labels, names: Sequence[str]) -> str:
    """Return the matrix as aligned text, with the share of right guesses at the end of each row."""
    corner = "true / guess"
    first = max(len(corner), *map(len, names))
    widths = [max(len(name), len(str(counts[:, column].max()))) for column, name in enumerate(names)]
    lines = [_row(corner, first, names, widths)]
    for index, (name, row) in enumerate(zip(names, counts, strict=True)):
        share = f"  {row[index] / row.sum():5.0%}" if row.sum() else ""
        lines.append(_row(name, first, [str(count) for count in row], widths) + share)
    return "\n".join(lines)


def _row(name: str, name_width: int, cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        [f"{name:<{name_width}}", *(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))]
    )
