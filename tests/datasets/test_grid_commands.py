"""The clips that ship in the package."""

from pathlib import Path

import numpy as np
import pytest

from kinema.datasets import grid_commands
from kinema.errors import ArgumentError
from kinema.video import VideoReader


def clip_paths(split: str) -> list[Path]:
    return sorted(grid_commands.folder(split).glob("*/*.webm"))


def test_ships_less_than_four_megabytes_with_attribution() -> None:
    root = grid_commands.folder("train").parent
    assert sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) <= 4_000_000
    attribution = (root / "ATTRIBUTION.md").read_text()
    for needed in ("Cooke", "Barker", "Cunningham", "Shao", "3625687", "CC BY 4.0", "What was changed"):
        assert needed in attribution


def test_splits_are_balanced_and_apart() -> None:
    train, test = clip_paths("train"), clip_paths("test")
    assert not {path.name for path in train} & {path.name for path in test}
    for paths, clips in ((train, 190), (test, 50)):
        assert {
            word: sum(path.parent.name == word for path in paths) for word in grid_commands.class_names
        } == dict.fromkeys(grid_commands.class_names, clips)


def test_every_clip_decodes_to_sixteen_frames_of_the_mouth() -> None:
    for path in clip_paths("test")[::10]:
        with VideoReader(path) as reader:
            assert reader.size == (64, 96)
            assert len(reader) == 16


def test_loads_clips_with_their_labels() -> None:
    (x_train, y_train), (x_test, y_test) = grid_commands.load_data(size=(16, 24), frames=12)
    assert x_train.shape == (760, 12, 16, 24, 3)
    assert x_test.shape == (200, 12, 16, 24, 3)
    assert x_train.dtype == np.uint8
    assert np.bincount(y_train).tolist() == [190] * 4
    assert np.bincount(y_test).tolist() == [50] * 4
    assert min(clip.std() for clip in x_test) > 5  # no clip was left black


def test_unknown_split() -> None:
    with pytest.raises(
        ArgumentError, match=r"`split` of `grid_commands.folder` must be \"train\" or \"test\"; got 'dev'"
    ):
        grid_commands.folder("dev")


@pytest.mark.parametrize("frames", [0, 17])
def test_impossible_number_of_frames(frames: int) -> None:
    with pytest.raises(
        ArgumentError, match=f"`frames` of `grid_commands.load_data` must be between 1 and 16; got {frames}"
    ):
        grid_commands.load_data(frames=frames)
