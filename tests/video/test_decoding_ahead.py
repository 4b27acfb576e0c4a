"""Folders bigger than memory: who waits for what, and what is in memory meanwhile."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kinema.video import VideoFolder, _loading, write_video
from kinema.video._loading import Piece

SIZE = (8, 8)
FRAMES = 4
FRAME_BYTES = 8 * 8 * 3
VIDEOS = 18
BLOCK = 6  # videos in half the memory
PATIENCE = 20.0  # seconds, after which a test fails instead of hanging


@pytest.fixture
def folder(tmp_path: Path) -> VideoFolder:
    """Eighteen videos of one clip each, six of them in a block."""
    (tmp_path / "one").mkdir()
    for index in range(VIDEOS):
        write_video(tmp_path / "one" / f"{index:02}.avi", np.full((FRAMES, 8, 8, 3), 12 * index, np.uint8))
    folder = VideoFolder(
        tmp_path, FRAMES, SIZE, batch_size=2, max_memory=2 * BLOCK * FRAMES * FRAME_BYTES, workers=2, seed=0
    )
    assert folder.num_samples == VIDEOS
    return folder


class Gate:
    """Lets so many videos be decoded, and tells how many have been."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._change = threading.Condition()
        self._allowed = 0
        self.decoded: list[Path] = []
        self._plain = _loading._decode_piece
        monkeypatch.setattr(_loading, "_decode_piece", self._decode)

    def allow(self, videos: int) -> None:
        with self._change:
            self._allowed = videos
            self._change.notify_all()

    def wait_for(self, videos: int) -> None:
        self._wait(lambda: len(self.decoded) >= videos)

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._change:
            assert self._change.wait_for(condition, PATIENCE), f"waited in vain, {len(self.decoded)} videos decoded"

    def _decode(self, piece: Piece, *how: object) -> np.ndarray:
        with self._change:
            place = len(self.decoded)
            self.decoded.append(piece.path)
        self._wait(lambda: self._allowed > place)
        frames = self._plain(piece, *how)
        with self._change:
            self._change.notify_all()
        return frames


def test_a_batch_waits_for_its_own_videos_only(folder: VideoFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    gate.allow(2)
    batches = iter(folder)
    x, _ = next(batches)
    assert x.shape == (2, FRAMES, *SIZE, 3)
    gate.allow(VIDEOS)
    assert sum(len(x) for x, _ in batches) == VIDEOS - 2


def test_the_next_block_is_decoded_while_one_is_in_use(folder: VideoFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    gate.allow(VIDEOS)
    batches = iter(folder)
    next(batches)
    gate.wait_for(2 * BLOCK)
    batches.close()


def test_two_blocks_are_in_memory_at_most(tmp_path: Path, folder: VideoFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = VideoFolder(
        tmp_path, FRAMES, SIZE, batch_size=1, max_memory=2 * 2 * FRAMES * FRAME_BYTES, workers=2, shuffle=False
    )
    assert folder.num_samples == VIDEOS
    gate = Gate(monkeypatch)
    gate.allow(VIDEOS)
    for given, _ in enumerate(folder, start=1):
        blocks_begun = -(-given // 2)
        gate.wait_for(min(VIDEOS, 2 * blocks_begun))
        assert len(gate.decoded) <= 2 * (blocks_begun + 1)


def test_an_unshuffled_folder_is_decoded_in_order(folder: VideoFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    gate.allow(VIDEOS)
    folder.shuffle = False
    folder._workers = 1
    for _ in folder:
        pass
    assert gate.decoded == [clip.path for clip in folder.clips]
