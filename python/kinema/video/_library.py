"""Files that have been decoded once: how long they are, their frames where these fit, and what is wrong with them."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from kinema.errors import DataError
from kinema.video._cache import FrameCache
from kinema.video._catalogue import Video
from kinema.video._cutting import Cutting
from kinema.video._loading import Decoding, Surveyed, survey

Usable = list[tuple[Video, Surveyed]]
Skipped = list[tuple[Path, str]]


class Library:
    """Decodes every file once, however many segments of it there are and however many parts of a folder use it.

    Args:
        root: The folder, for messages.
        decoding: How frames are decoded.
        workers: Decoding threads.
        skips: Whether files that cannot be used are left out instead of raising.
        progress: Called with (files decoded, files).
        cache: Where decoded files are kept.
    """

    def __init__(
        self,
        root: Path,
        decoding: Decoding,
        workers: int,
        skips: bool,
        progress: Callable[[int, int], None] | None,
        cache: FrameCache | None = None,
    ) -> None:
        self._root = root
        self._decoding = decoding
        self._workers = workers
        self._skips = skips
        self._progress = progress
        self._cache = cache
        self._known: dict[Path, Surveyed] = {}

    def usable(self, videos: Sequence[Video], cutting: Cutting, max_memory: int) -> tuple[Usable, Skipped]:
        """The videos that can be cut into clips, and the others with the reasons."""
        new = [path for path in dict.fromkeys(video.path for video in videos) if path not in self._known]
        if new:
            found = survey(new, self._decoding, max_memory, self._workers, not self._skips, self._progress, self._cache)
            self._known.update(zip(new, found, strict=True))
        usable: Usable = []
        skipped: Skipped = []
        for video in videos:
            surveyed = self._known[video.path]
            error = surveyed.error or cutting.check(video, surveyed)
            if error is None:
                usable.append((video, surveyed))
            elif self._skips:
                skipped.append((video.path, str(error)))
            else:
                raise error
        if skipped:
            self._warn(skipped, len(videos))
        if not usable:
            raise DataError(f"None of the {len(videos)} videos of {str(self._root)!r} can be used.")
        return usable, skipped

    def _warn(self, skipped: Skipped, total: int) -> None:
        shown = "\n  ".join(reason for _, reason in skipped[:10])
        more = "" if len(skipped) <= 10 else f"\n  and {len(skipped) - 10} more, listed in .skipped"
        warnings.warn(
            f"Skipped {len(skipped)} of the {total} videos of {str(self._root)!r}:\n  {shown}{more}", stacklevel=5
        )
