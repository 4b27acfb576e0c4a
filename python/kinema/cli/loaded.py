"""A model file as a classifier of clips: its input shape, its class names, its guesses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema import models
from kinema.cli.results import Labels
from kinema.errors import ArgumentError

Clips = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.floating[Any]]

_COLORS = {1: "gray", 3: "rgb"}


class ClipClassifier:
    """A loaded model that gives one probability a class for each clip.

    Args:
        path: A `.keras` or `.h5` file.

    Raises:
        FileFormatError: If the file is no model.
        ArgumentError: If the model takes no clips of fixed size, or gives no class probabilities.
    """

    def __init__(self, path: Path) -> None:
        self.model: Any = models.load_model(path)
        shape = tuple(self.model.input_shape or ())
        if len(shape) != 5 or None in shape[1:] or shape[-1] not in _COLORS:
            raise ArgumentError(
                f"the model in {path} takes input of shape {shape}; this command needs one that takes clips of a fixed "
                "size: (batch, frames, height, width, channels) with 1 or 3 channels"
            )
        self.clip_length, self.size, self.color = shape[1], shape[2:4], _COLORS[shape[-1]]
        outputs = tuple(self.model.output_shape)
        if len(outputs) != 2 or outputs[1] is None:
            raise ArgumentError(
                f"the model in {path} gives output of shape {outputs}; this command needs one probability a class: "
                "(batch, classes)"
            )
        self._classes = max(2, outputs[1])
        self.known_class_names: list[str] | None = self.model.class_names
        self.class_names = self.known_class_names or [str(index) for index in range(self._classes)]

    def probabilities(self, clips: Clips) -> Probabilities:
        """Return `(clips, classes)`; a single sigmoid output counts as the probability of the second class."""
        outputs: Probabilities = self.model.predict_on_batch(clips)
        return np.concatenate([1 - outputs, outputs], axis=1) if outputs.shape[1] == 1 else outputs

    def check_classes(self, names: Sequence[str]) -> None:
        """Make sure that the folders of a data set can be the classes of a model whose file names none.

        Raises:
            ArgumentError: If there are more or fewer of them.
        """
        if len(names) != self._classes:
            raise ArgumentError(
                f"the model tells {self._classes} classes apart and the folder holds {len(names)}: {', '.join(names)}; "
                "give one folder for each class of the model"
            )


def judge(probabilities: Callable[[Clips], Probabilities], batches: Iterable[Any]) -> tuple[Labels, Probabilities]:
    """Return the true labels of all clips of some batches `(clips, labels)`, and what a model gives for them."""
    judged = [(labels, probabilities(clips)) for clips, labels in batches]
    return np.concatenate([labels for labels, _ in judged]), np.concatenate([guesses for _, guesses in judged])


def batched(clips: Iterator[Clips], size: int) -> Iterator[Clips]:
    """Yield arrays of up to `size` clips."""
    batch: list[Clips] = []
    for clip in clips:
        batch.append(clip)
        if len(batch) == size:
            yield np.stack(batch)
            batch = []
    if batch:
        yield np.stack(batch)
