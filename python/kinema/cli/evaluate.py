"""`kinema evaluate MODEL DIR`: how good a saved model is on a folder of labelled videos."""

import argparse
from pathlib import Path
from typing import Any

from kinema.cli.options import add_folder_options, add_threads


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a saved model on a folder of labelled videos",
        description="Measure how often a saved model is right on DIR: one folder a class, named as in training.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="a .keras or .h5 file, such as `kinema train` writes")
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="a folder with one sub-folder of videos for each class"
    )
    add_folder_options(parser)
    add_threads(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the accuracy and what is taken for what."""
    from kinema import _rust
    from kinema.cli.loaded import ClipClassifier, judge
    from kinema.cli.results import accuracy_line, confusion, confusion_table
    from kinema.video import VideoFolder

    if options.threads:
        _rust.set_num_threads(options.threads)
    classifier = ClipClassifier(options.model)
    folder = VideoFolder(
        options.folder,
        classifier.clip_length,
        classifier.size,
        frame_stride=options.frame_stride,
        batch_size=options.batch_size,
        class_names=classifier.known_class_names,
        color=classifier.color,
        shuffle=False,
        on_error=options.on_error,
        pad_short=options.pad_short,
    )
    classifier.check_classes(folder.class_names)
    labels, probabilities = judge(classifier.probabilities, folder)
    counts = confusion(labels, probabilities.argmax(axis=1), len(folder.class_names))
    print(f"{confusion_table(counts, folder.class_names)}\n\nAccuracy: {accuracy_line(counts)}")
