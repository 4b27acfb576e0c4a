"""Types and groups of options that several commands share."""

import argparse


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def fraction(text: str) -> float:
    """A number between 0 and 1, both excluded."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must be a number between 0 and 1, not {text!r}")
    return value


def frame_size(text: str) -> tuple[int, int]:
    """`WIDTHxHEIGHT`, as `(height, width)`."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"must be WIDTHxHEIGHT in pixels, such as 96x64, not {text!r}")
    return int(parts[1]), int(parts[0])


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add `--seed`."""
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same model (default: %(default)s)")


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add `--threads`."""
    parser.add_argument(
        "--threads", type=positive, help="processor threads to use (default: all; results are the same for any number)"
    )


def add_frame_stride(parser: argparse.ArgumentParser) -> None:
    """Add `--frame-stride`."""
    parser.add_argument(
        "--frame-stride",
        type=positive,
        default=1,
        metavar="N",
        help="use every N-th frame of the videos, the same for training and use (default: %(default)s)",
    )


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how a folder of videos is cut into batches of clips."""
    add_frame_stride(parser)
    parser.add_argument("--batch-size", type=positive, default=16, help="clips at a time (default: %(default)s)")
    parser.add_argument(
        "--pad-short", action="store_true", help="fill videos shorter than a clip up with their last frame"
    )
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="what to do with a video that cannot be used: stop, or go on without it (default: %(default)s)",
    )
