"""What all commands share: the parser, and how errors and Ctrl-C end a run."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from kinema import environment
from kinema._rust import __version__
from kinema.cli import demo, evaluate, info, predict, scan, train, watch
from kinema.errors import KinemaError

_DESCRIPTION = """Train and run video models on the machine you already have.

New here? Start with `kinema demo`: in about a minute it learns to lip-read on clips that come with the package.
Then put your own videos into one folder a class and run `kinema train FOLDER`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 after an error, 130 after Ctrl-C."""
    options = build_parser().parse_args(arguments)
    try:
        if environment.problem is not None:
            raise environment.problem
        options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("kinema: stopped by Ctrl-C", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KinemaError, OSError, MemoryError) as error:
        if options.traceback:
            raise
        print(f"kinema: error: {_sentence(error, options)}", file=sys.stderr)
        return 2
    return 0


class _Parser(argparse.ArgumentParser):
    """A parser, also of each command, that says what is wrong in one sentence instead of printing its whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (`{self.prog} --help` explains)\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(prog="kinema", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"kinema {__version__}")
    parser.add_argument("--traceback", action="store_true", help="show where in the program an error came from")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (demo, train, evaluate, predict, watch, scan, info):
        command.add_parser(commands)
    return parser


def _sentence(error: BaseException, options: argparse.Namespace) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory: use a smaller --batch-size, --size or --clip-length"
    sentence = " ".join(str(error).split()).removeprefix("kinema: ") or type(error).__name__
    for name in (name for name in vars(options) if "_" in name):
        sentence = re.sub(rf"\b{name}\b(=(\w+|'\w+'))?", _as_option, sentence)
    return sentence


def _as_option(argument: re.Match[str]) -> str:
    """What the library calls `pad_short=True` or `on_error='skip'` is `--pad-short` or `--on-error skip` here."""
    name, _, value = argument.group().partition("=")
    return f"--{name.replace('_', '-')} {value.strip(chr(39))}".removesuffix(" True").rstrip()
