"""`kinema train DIR`: a classifier from a folder of videos."""

import argparse
import itertools
import sys
from pathlib import Path
from typing import Any

from kinema.cli.options import add_folder_options, add_seed, add_threads, fraction, frame_size, positive
from kinema.errors import ArgumentError

_NORMALIZATION_BATCHES = 16


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "train",
        help="train a classifier on a folder of videos",
        description="Train a classifier on DIR, which holds one folder a class with the videos of that class. Every "
        "video is cut into clips; a part of the videos is held out to measure how good the model is.",
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="a folder with one sub-folder of videos for each class"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("model.keras"), metavar="FILE", help="the model (default: %(default)s)"
    )
    parser.add_argument("--clip-length", type=positive, default=16, help="frames in a clip (default: %(default)s)")
    parser.add_argument(
        "--size",
        type=frame_size,
        default=(64, 64),
        metavar="WIDTHxHEIGHT",
        help="resize frames to this (default: 64x64)",
    )
    add_folder_options(parser)
    parser.add_argument("--epochs", type=positive, default=20, help="passes over the clips (default: %(default)s)")
    parser.add_argument(
        "--learning-rate", type=fraction, default=1e-3, help="at the start; it falls to 0 (default: 0.001)"
    )
    parser.add_argument(
        "--held-out", type=fraction, default=0.2, metavar="FRACTION", help="share of the videos (default: %(default)s)"
    )
    add_seed(parser)
    add_threads(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Train, save and judge."""
    from kinema import _rust, utils
    from kinema.cli.classifier import build_classifier, compile_classifier, pixel_normalization
    from kinema.saving.atomic import make_folder
    from kinema.video import VideoFolder

    if options.output.suffix not in (".keras", ".h5"):
        raise ArgumentError(f"--output must end in .keras or .h5, not {options.output.name!r}")
    make_folder(options.output.parent, "--output")
    if options.threads:
        _rust.set_num_threads(options.threads)
    utils.set_random_seed(options.seed)
    training = VideoFolder(
        options.folder,
        options.clip_length,
        options.size,
        frame_stride=options.frame_stride,
        batch_size=options.batch_size,
        validation_split=options.held_out,
        on_error=options.on_error,
        pad_short=options.pad_short,
        progress=_show_decoding if sys.stderr.isatty() else None,
    )
    held_out, names = training.validation, training.class_names
    print(
        f"Classes: {', '.join(names)}. Training on {training.num_samples} clips, {held_out.num_samples} held out.",
        flush=True,
    )
    sample = (clips for clips, _ in itertools.islice(training, _NORMALIZATION_BATCHES))
    model = build_classifier((options.clip_length, *options.size, 3), len(names), pixel_normalization(sample))
    model.class_names = names
    compile_classifier(model, options.learning_rate, options.epochs * len(training))
    try:
        model.fit(training, epochs=options.epochs, validation_data=held_out)
    except KeyboardInterrupt:
        model.save(options.output)
        print(f"\nStopped early; the model so far is in {options.output}")
        raise
    model.save(options.output)
    _report(options, model, held_out, names)


def _report(options: argparse.Namespace, model: Any, held_out: Any, names: list[str]) -> None:
    from kinema.cli.loaded import judge
    from kinema.cli.results import accuracy_line, confusion, confusion_table

    labels, probabilities = judge(model.predict_on_batch, held_out)
    counts = confusion(labels, probabilities.argmax(axis=1), len(names))
    print(f"\n{confusion_table(counts, names)}\n\nHeld-out accuracy: {accuracy_line(counts)}")
    print(f"Model: {options.output}\nLabel other videos with: kinema predict {options.output} VIDEO")


def _show_decoding(done: int, videos: int) -> None:
    print(f"\rReading videos: {done} of {videos}", end="\n" if done == videos else "", file=sys.stderr, flush=True)
