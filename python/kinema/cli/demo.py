"""`kinema demo`: learn to lip-read one word from the clips that come with the package."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from kinema.cli.options import add_seed, add_threads, positive

_FRAMES = 16
_SIZE = (32, 48)
_FILTERS = (8, 16, 32)
_BATCH_SIZE = 16
_LEARNING_RATE = 2e-3


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo",
        help="learn to lip-read on clips that come with the package (start here)",
        description="Train a model to tell from a talker's mouth which of four words is said: bin, lay, place or set. "
        "Works offline, on 960 real clips that come with the package, 200 of them held out. Writes the model and a "
        "picture of the results.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("kinema-demo"),
        metavar="FOLDER",
        help="where to write (default: %(default)s)",
    )
    parser.add_argument("--epochs", type=positive, default=16, help="passes over the clips (default: %(default)s)")
    add_seed(parser)
    add_threads(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Train, judge, save and draw."""
    from kinema import _rust, utils
    from kinema.cli.classifier import build_classifier, compile_classifier, pixel_normalization
    from kinema.cli.results import accuracy_line, confusion
    from kinema.datasets import grid_commands
    from kinema.saving.atomic import make_folder

    make_folder(options.output, "--output")
    if options.threads:
        _rust.set_num_threads(options.threads)
    utils.set_random_seed(options.seed)
    names = list(grid_commands.class_names)
    (x_train, y_train), (x_test, y_test) = grid_commands.load_data(size=_SIZE, frames=_FRAMES)
    print(
        f"Which word does the mouth say: {', '.join(names)}?\n"
        f"{len(x_train)} clips to train on, {len(x_test)} others held out. "
        "Clips: GRID corpus (Cooke, Barker, Cunningham, Shao 2006), CC BY 4.0.",
        flush=True,
    )
    model = build_classifier(x_train.shape[1:], len(names), pixel_normalization([x_train]), _FILTERS)
    model.class_names = names
    compile_classifier(model, _LEARNING_RATE, options.epochs * -(-len(x_train) // _BATCH_SIZE))
    history = model.fit(
        x_train, y_train, batch_size=_BATCH_SIZE, epochs=options.epochs, validation_data=(x_test, y_test)
    ).history
    probabilities = model.predict(x_test, verbose=0)
    counts = confusion(y_test, probabilities.argmax(axis=1), len(names))
    model_path, picture_path = options.output / "model.keras", options.output / "result.png"
    model.save(model_path)
    _draw(picture_path, x_test, y_test, probabilities, counts, history)
    print(
        f"Held-out accuracy: {accuracy_line(counts)}; guessing blindly gives {1 / len(names):.2f}.\n"
        f"Model:   {model_path}\n"
        f"Picture: {picture_path}"
    )


def _draw(path: Path, clips: Any, labels: Any, probabilities: Any, counts: Any, history: Any) -> None:
    from kinema.cli import drawing
    from kinema.cli.results import accuracy
    from kinema.datasets.grid_commands import class_names

    shown = np.concatenate([np.flatnonzero(labels == label)[:2] for label in range(len(class_names))])
    guesses = probabilities.argmax(axis=1)
    strips = drawing.clips_panel(
        [clips[index] for index in shown],
        [class_names[labels[index]] for index in shown],
        [class_names[guesses[index]] for index in shown],
        [float(probabilities[index].max()) for index in shown],
        frame_height=88,
    )
    curves = {"training": history["accuracy"], "held out": history["val_accuracy"]}
    page = drawing.sheet(
        "Which word does the mouth say?",
        f"{accuracy(counts):.1%} of {counts.sum()} clips that the model has never seen are right. "
        "Clips: GRID corpus (Cooke, Barker, Cunningham, Shao 2006), CC BY 4.0",
        [("Held-out clips: the first two of each word", strips)],
        [
            ("What is taken for what", drawing.confusion_panel(counts, class_names, 420)),
            ("Accuracy over the epochs", drawing.curve_panel(curves, 440, 260)),
        ],
    )
    drawing.write_png(path, page)
