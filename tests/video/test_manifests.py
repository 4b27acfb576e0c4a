"""Manifests: where labels come from, and what they are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinema.errors import ArgumentError, DataError, VideoError
from kinema.video import VideoFolder, read_video_frames, write_video

SIZE = (8, 8)
FPS = 10


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four videos of 20 frames, ten a second; frame i has shade 10 * i."""
    folder = tmp_path_factory.mktemp("manifest")
    frames = np.repeat(np.arange(20, dtype=np.uint8) * 10, 16 * 16 * 3).reshape(20, 16, 16, 3)
    for name in ("anna/walk_1", "anna/run_2", "bert/walk_3", "bert/run_4"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_video(folder / f"{name}.avi", frames, fps=FPS)
    return folder


PATHS = ("anna/walk_1.avi", "anna/run_2.avi", "bert/walk_3.avi", "bert/run_4.avi")


def make(root: Path, clip_length: int | None = 4, **options: Any) -> VideoFolder:
    return VideoFolder(root, clip_length, SIZE, **{"workers": 2, "shuffle": False, "batch_size": 64, **options})


def only_batch(folder: VideoFolder) -> tuple[Any, Any]:
    ((x, y),) = folder
    return x, y


def shades(clip: Any) -> list[int]:
    return [round(float(frame.mean()) / 10) for frame in np.asarray(clip)]


@pytest.fixture
def table(tmp_path: Path) -> Any:
    def write(content: str, name: str = "labels.csv") -> Path:
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return write


def rows(**columns: list[Any]) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_the_same_rows_in_every_kind_of_file(root: Path, table: Any, ending: str) -> None:
    given = rows(path=list(PATHS), action=["walk", "run", "walk", "run"], who=["anna", "anna", "bert", "bert"])
    if ending == "jsonl":
        content = "\n".join(json.dumps(row) for row in given) + "\n\n"
    else:
        mark = "," if ending == "csv" else "\t"
        content = "\n".join(mark.join(row) for row in [list(given[0]), *(row.values() for row in given)])
    options = {"label_column": "action", "group_column": "who", "clip_length": None, "validation_split": 0.5}
    from_file = make(root, labels=table(content, f"labels.{ending}"), **options)
    from_rows = make(root, labels=given, **options)
    assert from_file.class_names == from_rows.class_names == ["run", "walk"]
    assert from_file.clips == from_rows.clips
    assert len({clip.path.parent for clip in from_file.clips}) == 1, "groups stay together"


def test_labels_from_file_names_and_folders(root: Path) -> None:
    by_name = make(root, label_pattern=r"^(\w+)_")
    assert by_name.class_names == ["run", "walk"]
    assert all(clip.path.name.startswith(by_name.class_names[clip.label]) for clip in by_name.clips)
    assert make(root, label_pattern=r"^(walk|run)_(?P<label>\d)").class_names == ["1", "2", "3", "4"]
    by_folder = make(root, labels=rows(path=list(PATHS)), label_column=None)
    assert by_folder.class_names == ["anna", "bert"]
    listed = make(root, labels=rows(file=list(PATHS[1:])), path_column="file", label_pattern=r"^(\w+)_")
    assert [clip.label for clip in listed.clips[::5]] == [0, 1, 0]


def test_whole_numbers_as_labels_keep_their_order(root: Path) -> None:
    folder = make(root, labels=rows(path=list(PATHS), label=[10, 9, 2, 1]))
    assert folder.class_names == ["1", "2", "9", "10"]


def test_without_labels_a_manifest_still_says_which_videos(root: Path) -> None:
    folder = make(root, labels=rows(path=list(PATHS[:2])), label_mode=None)
    (x,) = folder
    assert x.shape == (10, 4, *SIZE, 3)


@pytest.mark.parametrize("cells", [["a|b", "b", "", "c"], [["a", "b"], ["b"], [], ["c"]]])
def test_several_labels_at_once(root: Path, cells: list[Any]) -> None:
    folder = make(root, None, labels=rows(path=list(PATHS), label=cells), label_mode="multi")
    assert folder.class_names == ["a", "b", "c"]
    _, y = only_batch(folder)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]])


def test_a_yes_or_no_in_each_of_several_columns(root: Path) -> None:
    given = rows(path=list(PATHS), wet=[1, 0, "yes", "no"], cold=["true", "", None, 1.0])
    folder = make(root, None, labels=given, label_column=["wet", "cold"], label_mode="multi")
    assert folder.class_names == ["cold", "wet"]
    np.testing.assert_array_equal(only_batch(folder)[1], [[1, 1], [0, 0], [0, 1], [1, 0]])
    with pytest.raises(DataError, match=r"Row 0 of labels has 'maybe' in column 'wet', where 0 or 1"):
        make(
            root,
            labels=rows(path=[PATHS[0]], wet=["maybe"], cold=[0]),
            label_column=["wet", "cold"],
            label_mode="multi",
        )


def test_numbers(root: Path) -> None:
    given = rows(path=list(PATHS), age=["1.5", 2, 3, 4], height=[5, 6, 7, 8])
    _, y = only_batch(make(root, None, labels=given, label_column="age", label_mode="number"))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [1.5, 2, 3, 4])
    _, y = only_batch(make(root, None, labels=given, label_column=("age", "height"), label_mode="number"))
    np.testing.assert_array_equal(y, [[1.5, 5], [2, 6], [3, 7], [4, 8]])
    for wrong in ("old", "nan", None):
        with pytest.raises(DataError, match="where a number is expected|lacks a path or a label"):
            make(root, labels=rows(path=[PATHS[0]], label=[wrong]), label_mode="number")


SEGMENTS = rows(
    path=[PATHS[0], PATHS[0], PATHS[1]], label=["up", "down", "up"], start=[0.2, 1.0, 0.5], end=[0.5, 1.6, 0.9]
)
TIMES = {"start_column": "start", "end_column": "end"}


def test_segments_are_clips_of_their_own(root: Path) -> None:
    folder = make(root, None, labels=SEGMENTS, **TIMES)
    x, y = only_batch(folder)
    assert x.shape == (3, 6, *SIZE, 3)
    np.testing.assert_array_equal(x.mask.sum(axis=1), [3, 6, 4])
    assert shades(x[0])[:3] == [2, 3, 4]
    assert shades(x[1]) == [10, 11, 12, 13, 14, 15]
    np.testing.assert_array_equal(y, [1, 0, 1])
    assert [clip.first_frame for clip in folder.clips] == [2, 10, 5]


def test_short_segments_show_what_is_around_them(root: Path) -> None:
    x, _ = only_batch(make(root, 5, labels=SEGMENTS, clips_per_video=1, **TIMES))
    assert shades(x[0]) == [1, 2, 3, 4, 5]
    assert shades(x[2]) == [5, 6, 7, 8, 9]
    edges = rows(path=[PATHS[0]] * 2, label=["a", "b"], start=[0.0, 1.8], end=[0.2, 2.0])
    x, _ = only_batch(make(root, 5, labels=edges, **TIMES))
    assert [shades(clip) for clip in x] == [[0, 1, 2, 3, 4], [15, 16, 17, 18, 19]]


def test_short_segments_are_padded_where_padding_is_asked_for(root: Path) -> None:
    x, _ = only_batch(make(root, 4, labels=SEGMENTS[:1], pad_short="mask", **TIMES))
    np.testing.assert_array_equal(x.mask, [[True, True, True, False]])
    assert shades(x[0]) == [2, 3, 4, 0]
    x, _ = only_batch(make(root, 4, labels=SEGMENTS[:1], pad_short=True, **TIMES))
    assert shades(x[0]) == [2, 3, 4, 4]


def test_a_margin_widens_segments(root: Path) -> None:
    x, _ = only_batch(make(root, None, labels=SEGMENTS[:1], margin=(0.1, 0.2), **TIMES))
    assert shades(x[0]) == [1, 2, 3, 4, 5, 6]
    x, _ = only_batch(make(root, None, labels=SEGMENTS[:1], margin=9, **TIMES))
    assert x.shape[1] == 20


def test_segments_with_a_frame_stride(root: Path) -> None:
    folder = make(root, None, labels=SEGMENTS[1:2], frame_stride=2, **TIMES)
    assert shades(only_batch(folder)[0][0]) == [10, 12, 14]
    assert folder.clips[0].first_frame == 10


def test_several_segments_in_one_row(root: Path) -> None:
    wide = [{"path": PATHS[0], "first": "up", "a": 0.0, "b": 0.4, "second": "down", "c": 1.0, "d": 1.4}]
    folder = make(
        root, 4, labels=wide, label_column=["first", "second"], start_column=["a", "c"], end_column=["b", "d"]
    )
    x, y = only_batch(folder)
    assert [shades(clip) for clip in x] == [[0, 1, 2, 3], [10, 11, 12, 13]]
    np.testing.assert_array_equal(y, [1, 0])


def test_a_class_for_every_frame_from_segments(root: Path) -> None:
    folder = make(root, 10, labels=SEGMENTS, label_mode="frame", background="none", **TIMES)
    assert folder.class_names == ["down", "none", "up"]
    _, y = only_batch(folder)
    assert y.shape == (4, 10)
    expected = np.ones((2, 20), np.int64)
    expected[0, 2:5], expected[0, 10:16], expected[1, 5:9] = 2, 0, 2
    np.testing.assert_array_equal(y.reshape(2, 20), expected)
    strided = make(root, None, labels=SEGMENTS, label_mode="frame", background="none", frame_stride=3, **TIMES)
    np.testing.assert_array_equal(only_batch(strided)[1], expected[:, ::3])
    weights = folder.class_weights()
    assert weights == pytest.approx({0: 40 / (3 * 6), 1: 40 / (3 * 27), 2: 40 / (3 * 7)})


def test_frames_without_a_class_are_named(root: Path) -> None:
    with pytest.raises(DataError, match=r"walk_1\.avi' at 0 s lies in no segment.*background="):
        len(make(root, labels=SEGMENTS, label_mode="frame", **TIMES))


def test_a_list_of_labels_one_a_frame(root: Path) -> None:
    each = ["a"] * 12 + ["b"] * 8
    given = rows(path=list(PATHS[:2]), label=[each, "|".join(each)])
    _, y = only_batch(make(root, None, labels=given, label_mode="frame"))
    np.testing.assert_array_equal(y, [[0] * 12 + [1] * 8] * 2)
    with pytest.raises(DataError, match=r"has 3 labels of frames, which make 3 with frame_stride=1, and 20 frames"):
        len(make(root, labels=rows(path=[PATHS[0]], label=["a|b|a"]), label_mode="frame"))


def test_padded_frame_labels(root: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "short.avi", np.zeros((3, 16, 16, 3), np.uint8), fps=FPS)
    given = rows(path=[str(root / PATHS[0]), str(tmp_path / "short.avi")], label=[["b"] * 20, ["b", "a", "b"]])
    x, y = only_batch(make(root, None, labels=given, label_mode="frame"))
    np.testing.assert_array_equal(x.mask.sum(axis=1), [20, 3])
    np.testing.assert_array_equal(y[1], [1, 0, 1] + [0] * 17)
    x, y = only_batch(make(root, 5, labels=given[1:], label_mode="frame", pad_short=True))
    np.testing.assert_array_equal(y, [[1, 0, 1, 1, 1]])


def test_clips_of_every_video_at_once_or_a_block_at_a_time(root: Path) -> None:
    frame = 3 * SIZE[0] * SIZE[1]
    whole, tight = (
        make(root, None, labels=SEGMENTS, batch_size=1, max_memory=memory, **TIMES) for memory in (1 << 30, 16 * frame)
    )
    for (x, y), (same_x, same_y) in zip(whole, tight, strict=True):
        np.testing.assert_array_equal(x, same_x)
        np.testing.assert_array_equal(y, same_y)
    with pytest.raises(ArgumentError, match=r"has 6 frames, and max_memory has room for 5: give max_memory="):
        len(make(root, None, labels=SEGMENTS, max_memory=10 * frame, **TIMES))


def test_clips_spread_over_each_video(root: Path) -> None:
    folder = make(root, 4, clips_per_video=3, label_pattern="^([a-z]+)")
    assert [clip.first_frame for clip in folder.clips] == [0, 8, 16] * 4
    one = make(root, 4, clips_per_video=1, label_pattern="^([a-z]+)")
    assert [clip.first_frame for clip in one.clips] == [8] * 4
    few = make(root, 19, clips_per_video=9, label_pattern="^([a-z]+)")
    assert [clip.first_frame for clip in few.clips] == [0, 1] * 4


def test_predictions_for_clips_make_one_for_each_video(root: Path) -> None:
    folder = make(root, 4, clips_per_video=3, label_pattern="^([a-z]+)", label_mode="categorical")
    predictions = np.arange(24, dtype=np.float32).reshape(12, 2)
    averaged = folder.average_clips(predictions)
    assert [str(path.relative_to(root)) for path in averaged.paths] == sorted(PATHS)
    np.testing.assert_array_equal(averaged.predictions, [[2, 3], [8, 9], [14, 15], [20, 21]])
    np.testing.assert_array_equal(averaged.y, [[1, 0], [0, 1], [1, 0], [0, 1]])
    assert averaged.predictions.dtype == np.float32
    with pytest.raises(DataError, match="There are 12 clips and 3 predictions"):
        folder.average_clips(predictions[:3])
    with pytest.raises(ArgumentError, match="use shuffle=False"):
        make(root, shuffle=True, label_pattern="^([a-z]+)").average_clips(predictions)
    with pytest.raises(ArgumentError, match="predicts each frame"):
        make(root, labels=SEGMENTS, label_mode="frame", background="-", **TIMES).average_clips(predictions)


def test_segments_of_one_video_are_averaged_each(root: Path) -> None:
    folder = make(root, 3, labels=SEGMENTS, clip_stride=1, **TIMES)
    assert [clip.first_frame for clip in folder.clips] == [2, 10, 11, 12, 13, 5, 6]
    averaged = folder.average_clips(np.float32([[0], [1], [2], [3], [4], [5], [6]]))
    np.testing.assert_array_equal(averaged.predictions, [[0], [2.5], [5.5]])


def test_a_file_is_decoded_once_however_many_segments_it_has(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kinema.video._loading import Decoding

    opened: list[Path] = []
    plain = Decoding.open
    monkeypatch.setattr(Decoding, "open", lambda self, path: opened.append(path) or plain(self, path))
    for _ in make(root, None, labels=SEGMENTS, **TIMES).k_fold(2):
        pass
    assert sorted(path.name for path in opened) == ["run_2.avi", "walk_1.avi"]


def test_real_frames_of_a_segment(root: Path) -> None:
    x, _ = only_batch(make(root, None, labels=SEGMENTS[1:2], **TIMES))
    np.testing.assert_array_equal(x[0], read_video_frames(root / PATHS[0], SIZE)[10:16])


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("path,label\na.avi,x,y\n", "a.csv", "Line 2 of .* has more fields than the first line names"),
        ('{"path": "a.avi"\n', "a.jsonl", "Line 1 of .* is not JSON"),
        ('\n["a.avi"]\n', "a.jsonl", r"Line 2 of .* is \['a.avi'\], not an object"),
        ("", "a.jsonl", "has no column 'label'"),
        ("path,label,start,end\na.avi,x,2,1\n", "a.csv", "Line 2 of .* has a segment from 2 to 1 s"),
        ("path,label,start,end\na.avi,x,soon,1\n", "a.csv", "Line 2 of .* has 'soon' where a number is expected"),
        ("path,label,end\na.avi,x,1\n", "a.csv", "has no column 'start'.*start_column="),
    ],
)
def test_manifests_that_do_not_fit(root: Path, table: Any, content: str, name: str, message: str) -> None:
    times = TIMES if "end" in content else {}
    with pytest.raises(DataError, match=message):
        make(root, labels=table(content, name), **times)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start_column": "start"}, "give start_column and end_column, as many of each"),
        (
            {"label_column": ["a", "b"], "start_column": "s", "end_column": "e"},
            "There are 2 columns of labels and 1 of starts",
        ),
        ({"label_column": ["a", "b"]}, "Several columns of labels for one video need label_mode='multi'"),
        ({"label_pattern": "("}, "is not a regular expression"),
        ({"label_pattern": "walk"}, "needs a group for the label"),
        ({"label_mode": "number"}, "label_mode='number' and segments need labels="),
        ({"margin": -1}, r"margin is a number of seconds, or a pair"),
        ({"margin": (1, 2, 3)}, r"margin is a number of seconds, or a pair"),
        ({"pad_short": "zeros"}, "pad_short='zeros' is unknown"),
        ({"clips_per_video": 0}, "clips_per_video must be"),
    ],
)
def test_arguments_that_do_not_fit(root: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make(root, **options)


def test_labels_that_are_not_found(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"finds no label in the file name 'run_2\.avi'"):
        make(root, label_pattern=r"^(walk)_")
    with pytest.raises(DataError, match="lies in no sub-folder"):
        make(root, labels=rows(path=["a.avi"]), label_column=None)
    with pytest.raises(DataError, match=r"has no column 'person'.*group_column="):
        make(root, labels=rows(path=[PATHS[0]], label=["x"]), group_column="person")
    with pytest.raises(DataError, match=r"has no column 'file'.*path_column="):
        make(root, labels=rows(path=[PATHS[0]], label=["x"]), path_column="file")
    with pytest.raises(DataError, match=r"Column 'label' of labels name classes that are not in class_names: \['x'\]"):
        make(root, labels=rows(path=[PATHS[0]], label=["x"]), class_names=["y"])


def test_segments_behind_the_end_of_a_video(root: Path) -> None:
    late = [{"path": PATHS[0], "label": "late", "start": 7, "end": 8}]
    with pytest.raises(VideoError, match=r"has no frame between 7 and 8 s: its last one is shown at 1\.9 s"):
        len(make(root, labels=late, **TIMES))
    with pytest.warns(UserWarning, match="Skipped 1 of the 4 videos"):
        assert make(root, labels=[*SEGMENTS, *late], on_error="skip", **TIMES).num_samples == 3


@pytest.mark.parametrize("mode", ["multi", "number"])
def test_what_has_no_classes_to_balance(root: Path, mode: str) -> None:
    folder = make(root, labels=rows(path=list(PATHS), label=[1, 2, 3, 4]), label_mode=mode)
    with pytest.raises(ArgumentError, match=f"no classes to balance with label_mode='{mode}'"):
        folder.class_weights()
