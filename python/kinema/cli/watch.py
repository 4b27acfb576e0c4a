"""`kinema watch MODEL SOURCE`: what a model takes a camera, an address or a file for, frame by frame."""

import argparse
import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from kinema.cli.options import add_threads, positive
from kinema.errors import ArgumentError

if TYPE_CHECKING:
    from kinema.cli.drawing import Image
    from kinema.streaming import Answer, StreamPredictor

_WINDOW = "kinema watch (q ends)"


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "watch",
        help="label a camera, stream or video while it runs",
        description="Label the window that ends with each frame. A camera or address that is faster than the model "
        "loses frames, the oldest first; how many is said at the end, with the speed. Ctrl-C ends a stream and keeps "
        "what was saved.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="a .keras or .h5 file, such as `kinema train` writes")
    parser.add_argument("source", metavar="SOURCE", help="a camera's number, an rtsp:// address or a video file")
    parser.add_argument("--show", action="store_true", help="show the pictures in a window")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the pictures to a .webm, .mp4 or .avi file")
    parser.add_argument("--json", metavar="FILE", help="write a line of JSON for each answer; - for standard output")
    parser.add_argument(
        "--stride", type=positive, default=1, help="frames from one answer to the next (default: %(default)s)"
    )
    parser.add_argument("--stateful", action="store_true", help="carry the recurrent state on instead of using windows")
    parser.add_argument(
        "--backlog", type=positive, default=1, help="frames of a camera that may wait (default: %(default)s)"
    )
    parser.add_argument("--max-frames", type=positive, metavar="N", help="end after N frames")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Label until the source ends, and say how fast it went."""
    from kinema import _rust
    from kinema.cli.loaded import ClipClassifier
    from kinema.streaming import StreamPredictor, open_source
    from kinema.video import write_video
    from kinema.video._encoders import check_ending

    if options.threads:
        _rust.set_num_threads(options.threads)
    if options.save:
        check_ending(options.save)
    classifier = ClipClassifier(options.model)
    stream = StreamPredictor(classifier.model, options.stride, options.stateful)
    source = open_source(int(options.source) if options.source.isdecimal() else options.source, options.backlog)
    with contextlib.ExitStack() as stack:
        stopped = stack.enter_context(_interrupts())
        lines = stack.enter_context(_json_lines(options.json))
        shown = stack.enter_context(contextlib.closing(_shown(options.show)))
        next(shown)
        pictures = _pictures(stream, stream.run(source), classifier.class_names, lines, options, stopped, shown)
        if options.save:
            write_video(options.save, pictures, source.fps or 25)
        else:
            for _ in pictures:
                pass
    print(stream.rates, file=sys.stderr if options.json == "-" else sys.stdout)


def _pictures(
    stream: "StreamPredictor",
    answers: Iterator["Answer"],
    names: list[str],
    lines: TextIO | None,
    options: argparse.Namespace,
    stopped: list[bool],
    shown: Any,
) -> Iterator["Image"]:
    """The pictures with the answers drawn on them; answers are written and shown on the way."""
    from kinema.cli.overlay import Overlay

    overlay = Overlay(names)
    draws = bool(options.show or options.save)
    with contextlib.closing(answers):  # type: ignore[type-var]
        for answer in answers:
            probabilities = None if answer.probabilities is None else _of_classes(answer.probabilities)
            if probabilities is not None and lines is not None:
                lines.write(json.dumps(_line(answer, names, probabilities), ensure_ascii=False) + "\n")
                lines.flush()
            picture = answer.picture
            if draws:
                rates = stream.rates
                note = f"{rates.fps:.0f} fps  {1000 * rates.median:.0f} ms"
                picture = overlay.draw(picture, probabilities, note)
            yield picture
            if shown.send(picture) or stopped or answer.index + 1 == options.max_frames:
                return


def _of_classes(outputs: Any) -> Any:
    """A single sigmoid output counts as the probability of the second class."""
    return np.array([1 - outputs[0], outputs[0]]) if len(outputs) == 1 else outputs


def _line(answer: "Answer", names: list[str], probabilities: Any) -> dict[str, Any]:
    best = int(np.argmax(probabilities))
    return {
        "frame": answer.index,
        "seconds": round(answer.seconds, 3),
        "label": names[best],
        "probability": round(float(probabilities[best]), 4),
        "latency_ms": round(1000 * answer.latency, 2),
    }


@contextlib.contextmanager
def _interrupts() -> Iterator[list[bool]]:
    """Inside, Ctrl-C fills the list instead of raising, so that what is being saved is finished; twice raises."""
    stopped: list[bool] = []

    def note(number: int, frame: Any) -> None:
        if stopped:
            raise KeyboardInterrupt
        stopped.append(True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _json_lines(name: str | None) -> Iterator[TextIO | None]:
    if name is None or name == "-":
        yield None if name is None else sys.stdout
        return
    with open(name, "w", encoding="utf-8") as file:
        yield file


def _shown(show: bool) -> Any:
    """Takes pictures by `send` and shows them where wanted; gives whether the user ended it."""
    from kinema.video._cv2 import load_cv2

    cv2 = load_cv2()
    ended = False
    try:
        while True:
            picture = yield ended
            if show:
                ended = _show(cv2, picture)
    finally:
        if show:
            with contextlib.suppress(cv2.error):
                cv2.destroyWindow(_WINDOW)


def _show(cv2: Any, picture: "Image") -> bool:
    try:
        cv2.imshow(_WINDOW, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        return cv2.waitKey(1) & 0xFF in (ord("q"), 27)
    except cv2.error as error:
        raise ArgumentError(
            "this OpenCV cannot open a window (a headless build, or no display): leave --show out and use --save"
        ) from error
