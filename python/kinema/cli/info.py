"""`kinema info`: what is installed and what it runs on."""

import argparse
import platform
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from kinema import _rust
from kinema.errors import MissingDependencyError
from kinema.video._cv2 import load_cv2


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "info",
        help="show versions, instruction set, threads and video decoder",
        description="Show versions, instruction set, threads and video decoder: what to put into a bug report.",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print a line for each fact."""
    facts = {
        "kinema": _rust.__version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "numpy": metadata.version("numpy"),
        "h5py": metadata.version("h5py"),
        "instruction set": f"{_rust.instruction_set()} (available: {', '.join(_rust.available_instruction_sets())})",
        "precision": _rust.get_precision(),
        "threads": str(_rust.get_num_threads()),
        "decoder": _decoder(),
    }
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:<{width}}  {value}")


def _decoder() -> str:
    try:
        cv2 = load_cv2()
    except MissingDependencyError as error:
        return f"none: {error}"
    ffmpeg = cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends()
    spare = f", PyAV {metadata.version('av')} for what it cannot decode" if find_spec("av") else ""
    return f"OpenCV {cv2.__version__} {'with' if ffmpeg else 'without'} FFmpeg{spare}"
