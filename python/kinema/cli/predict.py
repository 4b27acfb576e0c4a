"""`kinema predict MODEL VIDEO...`: a label and a probability for every clip of every video."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.cli.options import add_frame_stride, add_threads, positive

if TYPE_CHECKING:
    from kinema.cli.loaded import ClipClassifier, Clips
    from kinema.video import VideoReader

_BATCH_SIZE = 16


@dataclass(frozen=True)
class Prediction:
    """What a model takes one clip of a video for, with the clip's start and end in seconds."""

    video: str
    start: float
    end: float
    label: str
    probability: float


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "predict",
        help="label videos with a saved model",
        description="Cut each video into clips as long as the model's, one after the other, and print what the model "
        "takes each for. A video shorter than a clip is filled up with its last frame; frames left over at the end are "
        "not used.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="a .keras or .h5 file, such as `kinema train` writes")
    parser.add_argument("videos", type=Path, nargs="+", metavar="VIDEO", help="video files")
    layout = parser.add_mutually_exclusive_group()
    layout.add_argument("--json", action="store_true", help="print one JSON list")
    layout.add_argument("--csv", action="store_true", help="print comma-separated values with a header")
    add_frame_stride(parser)
    parser.add_argument(
        "--clip-stride", type=positive, help="frames from one clip's start to the next (default: the length of a clip)"
    )
    add_threads(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Label the videos one by one and print as it goes, except for JSON, which is printed whole or not at all."""
    from kinema import _rust
    from kinema.cli.loaded import ClipClassifier

    if options.threads:
        _rust.set_num_threads(options.threads)
    classifier = ClipClassifier(options.model)
    stride = options.clip_stride or classifier.clip_length
    predictions = (
        prediction
        for path in options.videos
        for prediction in predict_video(classifier, path, options.frame_stride, stride)
    )
    if options.json:
        json.dump([asdict(prediction) for prediction in predictions], sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif options.csv:
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(field.name for field in fields(Prediction))
        table.writerows(asdict(prediction).values() for prediction in predictions)
    else:
        _print_lines(predictions)


def predict_video(
    classifier: "ClipClassifier", path: Path, frame_stride: int, clip_stride: int
) -> Iterator[Prediction]:
    """Yield a prediction a clip; a video is decoded once, and only some clips of it are in memory."""
    from kinema.cli.loaded import batched
    from kinema.video import VideoReader

    with VideoReader(path, size=classifier.size, color=classifier.color) as reader:
        clips = _cut(reader, classifier.clip_length, frame_stride, clip_stride)
        guesses = [guess for batch in batched(clips, _BATCH_SIZE) for guess in classifier.probabilities(batch)]
        times = reader.timestamps
        frame_seconds = 1 / reader.fps
    for index, guess in enumerate(guesses):
        first = index * clip_stride * frame_stride
        last = min(first + (classifier.clip_length - 1) * frame_stride, len(times) - 1)
        label = int(np.argmax(guess))
        yield Prediction(
            str(path),
            round(float(times[first]), 3),
            round(float(times[last]) + frame_seconds, 3),
            classifier.class_names[label],
            round(float(guess[label]), 4),
        )


def _cut(reader: "VideoReader", clip_length: int, frame_stride: int, clip_stride: int) -> Iterator["Clips"]:
    window: list[Clips] = []
    cut = skip = 0
    for index, frame in enumerate(reader):
        if index % frame_stride:
            continue
        if skip:
            skip -= 1
            continue
        window.append(frame)
        if len(window) == clip_length:
            yield np.stack(window)
            cut += 1
            window, skip = window[clip_stride:], max(0, clip_stride - clip_length)
    if not cut:
        yield np.stack(window + window[-1:] * (clip_length - len(window)))


def _print_lines(predictions: Iterable[Prediction]) -> None:
    for prediction in predictions:
        seconds = f"{prediction.start:.2f}-{prediction.end:.2f} s"
        print(f"{prediction.video}  {seconds:>16}  {prediction.label}  {prediction.probability:.3f}", flush=True)
