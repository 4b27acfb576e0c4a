"""A scan reports every video of a folder, whatever is wrong with it."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from kinema.cli import main
from kinema.errors import DataError, VideoNotFoundError
from kinema.video import ScannedVideo, VideoReader, scan, write_video
from kinema.video._container import count_repeats


@pytest.fixture
def folder(tmp_path: Path, drawn: np.ndarray) -> Path:
    root = tmp_path / "videos"
    (root / "deep").mkdir(parents=True)
    good = write_video(root / "deep" / "good.avi", np.concatenate([drawn] * 4), fps=20)
    content = good.read_bytes()
    (root / "cut.avi").write_bytes(content[: len(content) * 6 // 10])
    (root / "list.mp4").write_text("#EXTM3U\nother.mp4\n")
    (root / "notes.txt").write_text("no video")
    return root


@pytest.mark.parametrize("isolated", [True, False])
def test_every_video_is_reported(folder: Path, isolated: bool) -> None:
    seen: list[ScannedVideo] = []
    cut, good, posing = scan(folder, isolated=isolated, progress=seen.append)
    order = ["cut.avi", "good.avi", "list.mp4"]
    assert [report.path.name for report in (cut, good, posing)] == order == [report.path.name for report in seen]
    assert (good.frames, good.fps, good.size, good.lost, good.problems) == (48, 20, (48, 64), 0, [])
    assert good.seconds == pytest.approx(2.4)
    assert 12 < cut.frames < 48
    assert cut.frames + cut.lost == 48
    assert "it is cut short: its structure promises" in cut.problems[0]
    assert cut.problems[1] == f"{cut.lost} frames are damaged or missing"
    assert posing.frames == 0
    assert "is an HLS playlist" in posing.problems[0]


def test_the_command_prints_a_line_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    (good,) = (line for line in lines if "good.avi" in line)
    assert good.split()[:4] == ["48", "20.00", "64x48", "2.40"]
    assert any("wrong: it is cut short" in line for line in lines)
    assert lines[-1].startswith("3 videos, ")
    assert lines[-1].endswith("frames, 2 with something wrong")


def test_the_command_prints_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--json", str(folder)]) == 0
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(report["path"]).name for report in reports] == ["cut.avi", "good.avi", "list.mp4"]
    assert reports[1]["frames"] == 48
    assert reports[1]["size"] == [48, 64]


def test_folders_without_videos(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no videos"):
        scan(tmp_path)
    with pytest.raises(VideoNotFoundError, match="There is no folder"):
        scan(tmp_path / "absent")


def test_sound_is_named(shared_data: Path) -> None:
    pytest.importorskip("av")
    reports = {report.path.name: report for report in scan(shared_data / "videos/decord", isolated=False)}
    assert reports["flipping_a_pancake.mkv"].audio == "opus 48000 Hz mono"
    assert reports["video_90.mov"].size == (568, 320)
    assert reports["corrupted.mp4"].frames + reports["corrupted.mp4"].lost == 50


def _write(path: Path, pictures: np.ndarray, times: list[int], **options: str) -> Path:
    """A video whose pictures are shown at `times`, in 25ths of a second."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w", container_options=options) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = *pictures.shape[1:3], "yuv420p"
        for picture, time in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_frames_that_a_file_repeats_or_cuts_away_are_not_missing(tmp_path: Path, drawn: np.ndarray) -> None:
    (tmp_path / "videos").mkdir()
    _write(tmp_path / "videos" / "repeats.avi", drawn, [*range(6), *range(9, 15)])
    _write(tmp_path / "videos" / "cut.mp4", drawn, list(range(-3, 9)), avoid_negative_ts="disabled")
    cut, repeats = scan(tmp_path / "videos", isolated=False)
    assert count_repeats(repeats.path) == 3
    assert (repeats.frames, repeats.problems) == (12, [])
    assert (cut.frames, cut.problems) == (9, [])
    with VideoReader(cut.path) as reader:
        assert len(reader) == 9
        assert reader[8].shape == (48, 64, 3)


def test_frames_that_are_nowhere_are_missing(tmp_path: Path, drawn: np.ndarray) -> None:
    (tmp_path / "videos").mkdir()
    path = _write(tmp_path / "videos" / "short.avi", drawn, list(range(12)))
    content = bytearray(path.read_bytes())
    counts = content.index(b"vids") + 32, content.index(b"avih") + 24
    for place in counts:
        assert int.from_bytes(content[place : place + 4], "little") == 12
        content[place : place + 4] = (14).to_bytes(4, "little")
    path.write_bytes(content)
    (report,) = scan(tmp_path / "videos", isolated=False)
    assert report.problems == ["it promises 14 frames and holds 12"]


def test_real_files_with_other_counts_are_sound(shared_data: Path) -> None:
    pytest.importorskip("av")
    reports = {report.path.name: report for report in scan(shared_data / "videos/debian_forensics", isolated=False)}
    assert [(reports[name].frames, reports[name].problems) for name in ("movie-hello.avi", "movie-hello.mp4")] == [
        (208, []),
        (249, []),
    ]
