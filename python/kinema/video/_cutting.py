"""How a video, or a segment of one, is cut into clips."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinema.errors import ArgumentError, VideoError
from kinema.video._catalogue import Video
from kinema.video._loading import Surveyed

#: Time stamps are rounded in files: a frame this close before a boundary counts as behind it.
_ROUNDING = 1e-4


@dataclass(frozen=True)
class Cutting:
    """The settings of cutting, in frames that are kept.

    Args:
        length: Frames in a clip; None for all of the video or segment.
        stride: Frames from the start of a clip to the start of the next.
        per_video: Clips of each video or segment, spread evenly, instead of `stride`.
        margin: Seconds that a segment is widened by before and after.
        pads: Whether what is shorter than a clip is filled up.
    """

    length: int | None
    stride: int
    per_video: int | None
    margin: tuple[float, float]
    pads: bool

    def clips(self, video: Video, surveyed: Surveyed) -> Iterator[tuple[int, int]]:
        """The first frame and the frame after the last of each clip."""
        first, last = self._range(video, surveyed)
        if self.length is None:
            yield first, last
            return
        last_start = max(first, last - self.length)
        if self.per_video is None:
            starts = range(first, last_start + 1, self.stride)
        else:
            middle = self.per_video == 1
            places = [0.5] if middle else np.linspace(0, 1, self.per_video)
            starts = sorted({first + round(float(place) * (last_start - first)) for place in places})  # type: ignore[assignment]
        for start in starts:
            yield start, min(start + self.length, last)

    def check(self, video: Video, surveyed: Surveyed) -> VideoError | None:
        """What is wrong with a video that can be decoded."""
        if video.span is not None:
            first, last = self._segment(video.span, surveyed)
            if first >= last:
                end = float(surveyed.seconds[-1]) if surveyed.count else 0.0
                return VideoError(
                    f"{str(video.path)!r} has no frame between {video.span[0]:g} and {video.span[1]:g} s: "
                    f"its last one is shown at {end:g} s. Correct the segment, or use on_error='skip'."
                )
        if self.length is not None and surveyed.count < self.length and not self.pads:
            return VideoError(
                f"{str(video.path)!r} has {surveyed.count} frames, too few for a clip of {self.length}. "
                "Use a smaller clip_length or frame_stride, pad_short=True (repeats its last frame) or 'mask', or "
                "on_error='skip'."
            )
        return None

    def _range(self, video: Video, surveyed: Surveyed) -> tuple[int, int]:
        if video.span is None:
            return 0, surveyed.count
        before, after = self.margin
        first, last = self._segment((video.span[0] - before, video.span[1] + after), surveyed)
        missing = 0 if self.length is None or self.pads else self.length - (last - first)
        if missing > 0:  # the clip shows what is around a segment that is shorter
            first = max(0, min(first - missing // 2, surveyed.count - (last - first) - missing))
            last = first + (self.length or 0)
        return first, last

    @staticmethod
    def _segment(span: tuple[float, float], surveyed: Surveyed) -> tuple[int, int]:
        first, last = np.searchsorted(surveyed.seconds, np.array(span) - _ROUNDING)
        return int(first), int(last)


def check_margin(margin: Any) -> tuple[float, float]:
    """The seconds before and after a segment, given as one number or as both."""
    pair = margin if isinstance(margin, tuple) else (margin, margin)
    if len(pair) != 2 or not all(isinstance(one, (int, float)) and one >= 0 for one in pair):
        raise ArgumentError(f"margin is a number of seconds, or a pair (before, after), of at least 0; got {margin!r}.")
    return float(pair[0]), float(pair[1])
