"""Splits that tear no group apart and keep classes in proportion."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import ArgumentError, DataError
from kinema.video import VideoFolder, write_video
from kinema.video._catalogue import Video
from kinema.video._splits import fold_videos, leave_each_group_out, split_videos


def videos(groups: int, classes: int, each: int, rare: float = 1.0) -> list[Video]:
    """Groups that hold videos of all classes, some classes more often."""
    rng = np.random.default_rng(groups)
    weights = np.array([1.0] * (classes - 1) + [rare])
    labels = rng.choice(classes, groups * each, p=weights / weights.sum())
    return [Video(Path(f"{i}.avi"), int(label), f"group {i % groups}") for i, label in enumerate(labels)]


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("groups", [10, 33])
def test_each_video_is_held_out_once_and_no_group_is_torn(k: int, groups: int) -> None:
    everything = videos(groups, 3, 8)
    folds = fold_videos(everything, k)
    held_out = [video.path for _, held in folds for video in held]
    assert sorted(held_out) == sorted(video.path for video in everything)
    for training, held in folds:
        assert {video.group for video in training}.isdisjoint(video.group for video in held)
        assert len(training) + len(held) == len(everything)


def test_folds_have_the_classes_in_proportion() -> None:
    everything = videos(40, 3, 10, rare=0.2)
    whole = Counter(video.label for video in everything)
    for _, held in fold_videos(everything, 4):
        for label, count in Counter(video.label for video in held).items():
            assert count == pytest.approx(whole[label] / 4, rel=0.35)


def test_folds_of_single_videos_are_stratified_exactly() -> None:
    everything = [Video(Path(f"{i}"), i % 3, f"{i}") for i in range(30)]
    for _, held in fold_videos(everything, 5):
        assert Counter(video.label for video in held) == {0: 2, 1: 2, 2: 2}


def test_folds_do_not_depend_on_the_order_of_the_videos() -> None:
    everything = videos(12, 3, 4)
    one, other = fold_videos(everything, 3), fold_videos(everything[::-1], 3)
    assert [sorted(v.path for v in held) for _, held in one] == [sorted(v.path for v in held) for _, held in other]


def test_a_fold_is_never_empty() -> None:
    everything = [Video(Path(f"{i}"), 0 if i < 10 else i, "big" if i < 10 else f"{i}") for i in range(14)]
    assert all(held for _, held in fold_videos(everything, 5))


def test_groups_of_several_classes_are_split_in_proportion() -> None:
    everything = videos(40, 3, 10, rare=0.3)
    training, held = split_videos(everything, 0.25)
    assert {video.group for video in training}.isdisjoint(video.group for video in held)
    whole, part = (Counter(video.label for video in each) for each in (everything, held))
    for label in whole:
        assert part[label] / whole[label] == pytest.approx(0.25, abs=0.08)


def test_every_group_is_left_out_once() -> None:
    everything = videos(4, 2, 3)
    found = leave_each_group_out(everything)
    assert list(found) == ["group 0", "group 1", "group 2", "group 3"]
    for group, (training, held) in found.items():
        assert {video.group for video in held} == {group}
        assert len(training) == 9


def test_too_few_groups() -> None:
    with pytest.raises(DataError, match="k=3 folds need as many videos or groups, and there are 2"):
        fold_videos(videos(2, 2, 3), 3)
    with pytest.raises(DataError, match="at least two groups to leave one out, and there is 1"):
        leave_each_group_out(videos(1, 2, 3))
    with pytest.raises(ArgumentError, match="k must be a whole number of at least 2"):
        fold_videos(videos(2, 2, 3), 1)


def test_parts_of_a_folder(tmp_path: Path) -> None:
    for name in ("ann", "bob", "cat"):
        (tmp_path / name).mkdir()
        for index in range(2):
            write_video(tmp_path / name / f"{index}.avi", np.full((5, 16, 16, 3), 40 * index, np.uint8))
    folder = VideoFolder(
        tmp_path, 2, 8, label_pattern=r"(\d)\.avi", groups=lambda path: path.parent.name, seed=1, batch_size=3
    )
    everything = {clip.path for clip in folder.clips}
    left_out = []
    for group, training, held in folder.leave_one_group_out():
        assert {clip.path.parent.name for clip in held.clips} == {group}
        assert {clip.path for clip in training.clips} | {clip.path for clip in held.clips} == everything
        assert training.shuffle
        assert not held.shuffle
        assert training.class_names == held.class_names == ["0", "1"]
        assert sum(len(x) for x, _ in training) == 8
        left_out.append(group)
    assert left_out == ["ann", "bob", "cat"]
    assert [held.num_samples for _, held in folder.k_fold(3)] == [4, 4, 4]


def test_videos_that_cannot_be_used_are_warned_of_once(tmp_path: Path) -> None:
    for index in range(4):
        write_video(tmp_path / f"{index}_a.avi", np.full((5, 16, 16, 3), 40 * index, np.uint8))
    (tmp_path / "4_a.avi").write_bytes(b"")
    folder = VideoFolder(tmp_path, 2, 8, label_pattern=r"_(\w)", on_error="skip")
    with pytest.warns(UserWarning, match="Skipped 1 of the 5 videos") as warned:
        sizes = [(training.num_samples, held.num_samples) for training, held in folder.k_fold(2)]
    assert sizes == [(4, 4), (4, 4)]
    assert len(warned) == 1
