"""The one place that imports OpenCV, so that `import kinema` does not."""

import os
from typing import Any

from kinema.errors import MissingDependencyError


def load_cv2() -> Any:
    """Imports OpenCV on first use and returns the module.

    Raises:
        MissingDependencyError: OpenCV is absent, or a system library that its wheel needs is.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # a damaged file is reported by an exception, not on stderr
    try:
        import cv2
    except ImportError as error:
        raise MissingDependencyError(_explain(error)) from error
    return cv2


def _explain(error: ImportError) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "cv2":
        cause = "OpenCV is not installed"
    else:
        cause = f"OpenCV is installed but a system library it needs cannot be loaded ({error})"
    return (
        f"Video needs OpenCV: {cause}. `python -m pip install opencv-python-headless` fixes it: "
        "that build needs no libGL or other desktop library, and Kinema accepts it everywhere."
    )
