"""A folder of videos as batches: every clip once, the same bits each time, and nothing left running."""

import os
import signal
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import ArgumentError, DataError, VideoError
from kinema.video import Dataset, VideoFolder, read_video_frames, write_video
from kinema.video._cursor import Cursor

SIZE = (24, 32)
LENGTH = 4
FRAME_BYTES = 24 * 32 * 3


def draw(frames: int, shade: int) -> np.ndarray:
    clip = np.full((frames, 48, 64, 3), shade, np.uint8)
    for index in range(frames):
        clip[index, 8:24, 2 * index : 2 * index + 12] = 255 - shade
    return clip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes with 5 videos each, of 9 to 13 frames."""
    folder = tmp_path_factory.mktemp("videos")
    for label, name in enumerate(("cat", "ant", "bee")):
        (folder / name).mkdir()
        for index in range(5):
            write_video(folder / name / f"{index}.avi", draw(9 + index, 40 * label + 8 * index))
    return folder


def make(root: Path, **options: object) -> VideoFolder:
    return VideoFolder(root, LENGTH, SIZE, **{"seed": 3, "workers": 2, **options})


def epoch(folder: VideoFolder) -> tuple[np.ndarray, np.ndarray]:
    xs, ys = zip(*folder, strict=True)
    return np.concatenate(xs), np.concatenate(ys)


def decoder_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("kinema-decode")]


def test_clips_of_an_epoch_in_order(root: Path) -> None:
    folder = make(root, shuffle=False, batch_size=8)
    assert isinstance(folder, Dataset)
    assert folder.class_names == ["ant", "bee", "cat"]
    assert folder.num_samples == 3 * (2 + 2 + 2 + 3 + 3)
    assert len(folder) == 5
    x, y = epoch(folder)
    assert x.dtype == np.uint8
    assert x.shape == (36, LENGTH, *SIZE, 3)
    np.testing.assert_array_equal(y, folder.labels)
    for sample, clip in enumerate(folder.clips):
        whole = read_video_frames(clip.path, SIZE)
        np.testing.assert_array_equal(x[sample], whole[clip.first_frame : clip.first_frame + LENGTH])
        assert folder.class_names[clip.label] == clip.path.parent.name == folder.class_names[y[sample]]
    assert [len(batch) for batch, _ in folder] == [8, 8, 8, 8, 4]


def test_clip_stride_and_frame_stride(root: Path) -> None:
    folder = make(root, shuffle=False, clip_stride=1, frame_stride=2)
    x, _ = epoch(folder)
    frames_used = [-(-(9 + index) // 2) for index in range(5)]
    assert folder.num_samples == 3 * sum(count - LENGTH + 1 for count in frames_used)
    for sample in (0, 1, 5, 17):
        clip = folder.clips[sample]
        np.testing.assert_array_equal(x[sample], read_video_frames(clip.path, SIZE)[clip.first_frame :: 2][:LENGTH])


@pytest.mark.parametrize(("mode", "shape", "dtype"), [("int", (36,), np.int64), ("categorical", (36, 3), np.float32)])
def test_label_modes(root: Path, mode: str, shape: tuple[int, ...], dtype: type) -> None:
    folder = make(root, label_mode=mode, shuffle=False)
    _, y = epoch(folder)
    assert (y.shape, y.dtype) == (shape, dtype)
    np.testing.assert_array_equal(y if mode == "int" else y.argmax(1), folder.labels)
    if mode == "categorical":
        np.testing.assert_array_equal(y.sum(1), 1)


def test_binary_labels(root: Path, tmp_path: Path) -> None:
    for name in ("ant", "bee"):
        (tmp_path / name).symlink_to(root / name, target_is_directory=True)
    _, y = epoch(make(tmp_path, label_mode="binary"))
    assert (y.shape, y.dtype, sorted(set(y[:, 0]))) == ((24, 1), np.float32, [0, 1])
    with pytest.raises(DataError, match=r"label_mode='binary' is for two classes; .* has 3"):
        make(root, label_mode="binary")


def test_without_labels(root: Path) -> None:
    folder = make(root, label_mode=None, shuffle=False)
    assert folder.class_names == []
    assert sum(len(x) for x in folder) == folder.num_samples == 36
    assert set(folder.labels) == {-1}


def test_gray(root: Path) -> None:
    x, _ = next(iter(make(root, color="gray")))
    assert x.shape == (16, LENGTH, *SIZE, 1)


def test_crop(root: Path, tmp_path: Path) -> None:
    crop = (4, 8, 24, 32)
    for _ in range(2):  # decoded, then from the cache, which knows the whole pictures too
        make(root, cache=tmp_path)
        folder = make(root, crop=crop, shuffle=False, cache=tmp_path)
        expected = read_video_frames(folder.clips[0].path, SIZE, crop=crop)
        np.testing.assert_array_equal(next(iter(folder))[0][0], expected[:LENGTH])


def test_epochs_are_shuffled_by_seed_and_epoch_alone(root: Path) -> None:
    folder = make(root)
    orders = []
    for number in (0, 1, 0):
        folder.set_epoch(number)
        orders.append(epoch(folder)[1].tolist())
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    again = make(root, workers=1)
    again.set_epoch(1)
    assert epoch(again)[1].tolist() == orders[1]
    assert epoch(make(root, seed=4))[1].tolist() != orders[0]


@pytest.mark.parametrize("clip_stride", [None, 1, 7])
@pytest.mark.parametrize("memory", [2 * LENGTH, 30, 60])
def test_folders_bigger_than_memory_give_the_same_clips(root: Path, memory: int, clip_stride: int | None) -> None:
    resident = make(root, clip_stride=clip_stride, shuffle=False)
    tight = make(root, clip_stride=clip_stride, shuffle=False, max_memory=memory * FRAME_BYTES)
    for expected, got in zip(resident, tight, strict=True):
        np.testing.assert_array_equal(got[0], expected[0])
        np.testing.assert_array_equal(got[1], expected[1])
    shuffled = make(root, clip_stride=clip_stride, max_memory=memory * FRAME_BYTES, workers=1)
    x, y = epoch(shuffled)
    everything, _ = epoch(resident)
    assert sorted(map(bytes, x)) == sorted(map(bytes, everything)), "every clip once"
    x_again, y_again = epoch(make(root, clip_stride=clip_stride, max_memory=memory * FRAME_BYTES, workers=4))
    np.testing.assert_array_equal(x_again, x)
    np.testing.assert_array_equal(y_again, y)


def test_a_video_bigger_than_memory_is_decoded_once_an_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").mkdir()
    for index in range(2):
        write_video(tmp_path / "one" / f"{index}.avi", draw(24, 60 * index))
    folder = make(tmp_path, max_memory=20 * FRAME_BYTES)
    assert folder.num_samples == 12
    opened = []
    restart = Cursor._restart
    monkeypatch.setattr(Cursor, "_restart", lambda cursor: (opened.append(cursor._path.name), restart(cursor))[1])
    assert len(epoch(folder)[0]) == 12
    assert sorted(opened) == ["0.avi", "1.avi"]


def test_memory_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    for index in range(6):
        write_video(tmp_path / "one" / f"{index}.avi", draw(24, 30 * index))
    size = (120, 160)
    limit = 40 * 120 * 160 * 3  # of 144 frames in all
    folder = VideoFolder(tmp_path, LENGTH, size, batch_size=1, max_memory=limit, workers=2, seed=0)
    assert folder.num_samples == 36
    tracemalloc.start()
    try:
        for _ in folder:
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    chunks_in_flight = 2 * 24 * 120 * 160 * 3
    assert peak < limit + chunks_in_flight + 2_000_000


def test_a_split_keeps_the_clips_of_a_video_together(root: Path) -> None:
    folder = make(root, validation_split=0.4)
    training = {clip.path for clip in folder.train.clips}
    held_out = {clip.path for clip in folder.validation.clips}
    assert training.isdisjoint(held_out)
    assert len(training) == 9
    assert {path.parent.name: 0 for path in held_out}.keys() == {"ant", "bee", "cat"}
    assert folder.train is folder
    assert folder.validation.class_names == folder.class_names
    other = make(root, validation_split=0.4, subset="validation", seed=99)
    assert {clip.path for clip in other.clips} == held_out, "the split does not depend on the seed"
    assert {clip.path for clip in make(root, validation_split=0.4, subset="training").clips} == training


def test_a_split_keeps_groups_together(root: Path) -> None:
    folder = make(root, validation_split=0.2, groups=lambda path: path.stem)
    stems = {clip.path.stem for clip in folder.clips}
    assert stems.isdisjoint(clip.path.stem for clip in folder.validation.clips)
    assert len(stems) == 4


def test_a_table_of_labels(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    lines = [
        f"{name}/{index}.avi,{'big' if index > 2 else 'small'},{index}" for name in ("ant", "bee") for index in range(5)
    ]
    table.write_text("\n".join(["path,kind,group", *lines]))
    folder = make(root, labels=table, label_column="kind", validation_split=0.3, shuffle=False)
    assert folder.class_names == ["big", "small"]
    assert all((int(clip.path.stem) > 2) == (clip.label == 0) for clip in folder.clips)
    assert {clip.path.stem for clip in folder.clips}.isdisjoint(clip.path.stem for clip in folder.validation.clips)
    assert folder.num_samples + folder.validation.num_samples == 24


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path,kind\na.avi,x", r"has no column 'label': its first line names \['path', 'kind'\].*label_column="),
        ("", "has no column 'label'"),
        ("path,label\n", "names no videos"),
        ("path,label\na.avi,x\n,y\n", "Line 3 of .* lacks a path or a label"),
    ],
)
def test_tables_that_do_not_fit(root: Path, tmp_path: Path, content: str, message: str) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(content)
    with pytest.raises(DataError, match=message):
        make(root, labels=table)


def test_given_class_names(root: Path) -> None:
    folder = make(root, class_names=["cat", "dog", "bee", "ant"], shuffle=False)
    assert folder.class_names == ["cat", "dog", "bee", "ant"]
    assert set(folder.labels) == {0, 2, 3}
    with pytest.raises(DataError, match=r"not in class_names: \['bee'\]; those are \['ant', 'cat'\]"):
        make(root, class_names=["ant", "cat"])


@pytest.fixture
def broken_root(root: Path, tmp_path: Path) -> Path:
    for name in ("ant", "bee"):
        (tmp_path / name).symlink_to(root / name, target_is_directory=True)
    (tmp_path / "dud").mkdir()
    (tmp_path / "dud" / "a_empty.mp4").write_bytes(b"")
    write_video(tmp_path / "dud" / "b_short.avi", draw(3, 10))
    write_video(tmp_path / "dud" / "c_good.avi", draw(8, 10))
    return tmp_path


def test_an_unreadable_video_raises(broken_root: Path) -> None:
    folder = make(broken_root)
    for _ in range(2):
        with pytest.raises(VideoError, match=r"a_empty\.mp4' is empty"):
            len(folder)
    assert decoder_threads() == []


def test_unreadable_videos_are_skipped_and_listed(broken_root: Path) -> None:
    folder = make(broken_root, on_error="skip", shuffle=False)
    with pytest.warns(
        UserWarning, match=r"(?s)Skipped 2 of the 13 videos .*a_empty.* is empty.*b_short.* has 3 frames, too few"
    ):
        x, y = epoch(folder)
    assert len(x) == 26
    assert (y == 2).sum() == 2
    assert [path.name for path, _ in folder.skipped] == ["a_empty.mp4", "b_short.avi"]
    assert "too few for a clip of 4. Use a smaller clip_length" in folder.skipped[1][1]
    tight = make(broken_root, on_error="skip", shuffle=False, max_memory=20 * FRAME_BYTES)
    with pytest.warns(UserWarning, match="Skipped"):
        x_tight, _ = epoch(tight)
    np.testing.assert_array_equal(x_tight, x)


def test_short_videos_can_be_padded(broken_root: Path) -> None:
    (broken_root / "dud" / "a_empty.mp4").unlink()
    for memory in (1 << 30, 20 * FRAME_BYTES):
        folder = make(broken_root, pad_short=True, shuffle=False, max_memory=memory)
        x, _ = epoch(folder)
        sample = [clip.path.name for clip in folder.clips].index("b_short.avi")
        np.testing.assert_array_equal(x[sample, :3], read_video_frames(folder.clips[sample].path, SIZE))
        np.testing.assert_array_equal(x[sample, 3], x[sample, 2])


def test_no_usable_video(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.mp4").write_bytes(b"")
    with (
        pytest.warns(UserWarning, match="Skipped 1"),
        pytest.raises(DataError, match=r"None of the 1 videos of .* can be used"),
    ):
        len(make(tmp_path, on_error="skip"))


def test_a_video_that_changes_during_training(broken_root: Path) -> None:
    (broken_root / "dud" / "a_empty.mp4").unlink()
    (broken_root / "dud" / "b_short.avi").unlink()
    folder = make(broken_root, max_memory=20 * FRAME_BYTES)
    assert len(folder) == 2
    write_video(broken_root / "dud" / "c_good.avi", draw(5, 10))
    with pytest.raises(VideoError, match=r"c_good\.avi' changed while it was in use: it now ends after 5 frames"):
        epoch(folder)
    assert decoder_threads() == []


def test_leaving_early_leaves_no_threads(root: Path) -> None:
    folder = make(root, batch_size=1, max_memory=20 * FRAME_BYTES)
    for _ in folder:
        break
    batches = iter(folder)
    next(batches)
    assert decoder_threads()
    batches.close()
    assert decoder_threads() == []
    with pytest.raises(ZeroDivisionError):
        sum(1 / 0 for _ in folder)
    assert decoder_threads() == []
    assert len(epoch(folder)[0]) == 36, "and the folder still works"


@pytest.mark.skipif(os.name == "nt", reason="signals differ")
def test_ctrl_c_ends_the_program(root: Path) -> None:
    code = f"""
import sys, time
from kinema.video import VideoFolder
folder = VideoFolder({str(root)!r}, 4, (24, 32), batch_size=1, max_memory={20 * FRAME_BYTES}, workers=2)
for batch in folder:
    print("started", flush=True)
    time.sleep(0.2)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    assert process.returncode != 0


def test_progress_is_reported(root: Path) -> None:
    seen: list[tuple[int, int]] = []
    len(make(root, progress=lambda done, total: seen.append((done, total))))
    assert seen == [(done, 15) for done in range(1, 16)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation_split": 1.0}, "validation_split must be a fraction between 0 and 1"),
        ({"subset": "validation"}, "subset='validation' needs validation_split"),
        ({"subset": "test"}, "subset='test' is unknown: use one of None, 'training', 'validation'"),
        (
            {"label_mode": "one-hot"},
            "label_mode='one-hot' is unknown: use one of 'int', 'categorical', 'binary', 'multi', ",
        ),
        ({"on_error": "ignore"}, "on_error='ignore' is unknown"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1; got 0"),
        ({"clip_stride": 0}, "clip_stride must be"),
        ({"workers": 0}, "workers must be"),
        ({"max_memory": 10}, f"max_memory must be a whole number of at least {2 * LENGTH * FRAME_BYTES}"),
        ({"color": "red"}, "color='red' is unknown"),
    ],
)
def test_arguments_are_checked(root: Path, options: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make(root, **options)


def test_no_size(root: Path) -> None:
    with pytest.raises(ArgumentError, match="the clips of a batch need one size; got None"):
        VideoFolder(root, 4, None)


def test_no_validation_part(root: Path) -> None:
    with pytest.raises(ArgumentError, match="There is no validation part: make the VideoFolder with validation_split"):
        _ = make(root).validation


def test_nothing_to_split(root: Path) -> None:
    with pytest.raises(DataError, match="needs at least two videos or groups to part, and there is 1"):
        make(root, validation_split=0.5, groups=lambda path: "all")


def test_folders_that_are_none(root: Path, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="There is no folder") as caught:
        make(tmp_path / "absent")
    assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(ArgumentError, match="is a file; VideoFolder wants the folder"):
        make(root / "ant" / "0.avi")
    with pytest.raises(DataError, match=r"holds no sub-folder with videos in it.*labels='labels\.csv'.*\.webm"):
        make(tmp_path)
    with pytest.raises(DataError, match="holds no videos"):
        make(tmp_path, label_mode=None)
    with pytest.raises(VideoError, match="There is no table of labels"):
        make(root, labels=tmp_path / "absent.csv")
    (root / "beside.csv").write_text("path,label\n")
    with pytest.raises(VideoError, match=r"no table of labels 'beside\.csv'\. Did you mean '.*beside\.csv'"):
        make(root, labels="beside.csv")
