"""Picture files to arrays and back, by OpenCV."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema import config
from kinema._warnings import warn
from kinema.errors import ArgumentError, DataError, DTypeError, ShapeError
from kinema.preprocessing._resampling import middle, resample
from kinema.video._cv2 import load_cv2

Pixels = npt.NDArray[Any]

#: Color mode -> channels.
COLOR_MODES = {"grayscale": 1, "rgb": 3, "rgba": 4}
#: `interpolation` of `load_img` -> the kernel.
_INTERPOLATIONS = {
    "lanczos": "lanczos3",
    **{name: name for name in ("nearest", "bilinear", "bicubic", "box", "hamming")},
}


def load_img(
    path: str | bytes | os.PathLike[str] | io.BytesIO,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> npt.NDArray[np.uint8]:
    """Reads a picture.

    Gives an array where Keras gives an image of PIL, on which Kinema does not depend: `np.asarray`, `img_to_array` and
    plots take both alike.

    Args:
        path: The file, or its bytes in an `io.BytesIO`.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: The (height, width) to resize to; None for the file's own.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        keep_aspect_ratio: Cut the middle out, as much as has the proportions of `target_size`, before resizing.

    Returns:
        uint8 array (height, width, 3), (height, width, 4), or (height, width) for "grayscale".

    Raises:
        DataError: The file is no picture that OpenCV can read.

    Example:
        >>> import kinema, numpy as np
        >>> folder = getfixture("tmp_path")
        >>> kinema.utils.save_img(folder / "grey.png", np.full((20, 30, 3), 128), scale=False)
        >>> kinema.utils.load_img(folder / "grey.png", target_size=(10, 10)).shape
        (10, 10, 3)
    """
    if interpolation not in _INTERPOLATIONS:
        raise ArgumentError(
            f"interpolation={interpolation!r} is unknown: use one of {', '.join(map(repr, _INTERPOLATIONS))}"
        )
    if isinstance(path, io.BytesIO):
        content, name = path.getvalue(), "these bytes"
    elif isinstance(path, (str, bytes, os.PathLike)):
        file = Path(os.fsdecode(path))
        content, name = file.read_bytes(), repr(str(file))
    else:
        raise DTypeError(f"path is a file's path or an io.BytesIO, not {type(path).__name__}")
    picture = decode_picture(content, color_mode, name)
    if target_size is not None and picture.shape[:2] != tuple(target_size):
        size = int(target_size[0]), int(target_size[1])
        if keep_aspect_ratio:
            picture = middle(picture, size)
        resized = resample(picture, size, _INTERPOLATIONS[interpolation], antialias=True)
        picture = np.rint(resized).clip(0, 255).astype(np.uint8)
    return picture[..., 0] if color_mode == "grayscale" else picture


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Pixels:
    """A picture as an array of numbers.

    Args:
        img: What `load_img` gives, or an image of PIL.
        data_format: "channels_last" or "channels_first"; the former when None.
        dtype: `config.floatx()` when None.

    Returns:
        Array (height, width, channels), or (channels, height, width).

    Raises:
        ShapeError: It has neither 2 nor 3 axes.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.utils.img_to_array(np.zeros((4, 6), "uint8")).shape
        (4, 6, 1)
    """
    array = np.asarray(img, config.floatx() if dtype is None else dtype)
    if array.ndim not in (2, 3):
        raise ShapeError(f"img_to_array takes one picture, (height, width) or with channels, not shape {array.shape}")
    if array.ndim == 2:
        array = array[..., np.newaxis]
    return array.transpose(2, 0, 1) if _channels_first(data_format) else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Pixels:
    """An array of numbers as a picture of levels from 0 to 255.

    Gives an array where Keras gives an image of PIL, on which Kinema does not depend.

    Args:
        x: (height, width, channels), or (channels, height, width).
        data_format: "channels_last" or "channels_first"; the former when None.
        scale: Stretch the values, so that the smallest becomes 0 and the largest 255.
        dtype: What is computed in; `config.floatx()` when None.

    Returns:
        uint8 array (height, width, channels), or (height, width) for one channel; int32 where one channel holds more
        than 255.

    Raises:
        ShapeError: It is not one picture with 1, 3 or 4 channels.

    Example:
        >>> import kinema
        >>> kinema.utils.array_to_img([[[0.0], [0.5], [1.0]]])
        array([[  0, 127, 255]], dtype=uint8)
    """
    array = np.asarray(x, config.floatx() if dtype is None else dtype)
    if array.ndim == 3 and _channels_first(data_format):
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise ShapeError(
            f"array_to_img takes one picture with 1, 3 or 4 channels as its last axis (its first with "
            f"data_format='channels_first'), not shape {np.shape(x)}"
        )
    if scale:
        array = array - array.min()
        largest = array.max()
        array = (array / largest if largest else array) * 255
    if array.shape[2] > 1:
        return array.astype(np.uint8)
    return array[..., 0].astype(np.int32 if array.max() > 255 else np.uint8)


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes an array as a picture.

    Args:
        path: The file, or an open binary file.
        x: (height, width, channels), or (channels, height, width).
        data_format: "channels_last" or "channels_first"; the former when None.
        file_format: Such as "png"; what the file's name ends in when None.
        scale: Stretch the values, so that the smallest becomes 0 and the largest 255.
        **kwargs: `quality`, from 0 to 100, for JPEG and WebP.

    Raises:
        ArgumentError: OpenCV does not write this format.
    """
    cv2 = load_cv2()
    file = Path(path) if isinstance(path, (str, os.PathLike)) else None
    ending = (file_format or ("" if file is None else file.suffix[1:])).lower()
    if unknown := sorted(set(kwargs) - {"quality"}):
        raise ArgumentError(f"save_img does not know the argument(s) {', '.join(unknown)}")
    picture = array_to_img(x, data_format, scale)
    if picture.ndim == 3:
        if picture.shape[2] == 4 and ending in ("jpg", "jpeg"):
            warn("JPEG has no transparency: the alpha channel is left out")
            picture = picture[..., :3]
        picture = cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR)
    settings = {"jpg": cv2.IMWRITE_JPEG_QUALITY, "jpeg": cv2.IMWRITE_JPEG_QUALITY, "webp": cv2.IMWRITE_WEBP_QUALITY}
    options = [settings[ending], int(kwargs["quality"])] if kwargs and ending in settings else []
    if not ending or not cv2.haveImageWriter(f".{ending}"):
        raise ArgumentError(
            f"save_img cannot write the format {ending!r}: use a name such as 'picture.png', or file_format='png'"
        )
    if picture.dtype == np.int32:
        picture = picture.clip(0, 65535).astype(np.uint16)
    content = cv2.imencode(f".{ending}", picture, options)[1]
    if file is None:
        path.write(content.tobytes())
    else:
        file.write_bytes(content.tobytes())


def decode_picture(content: bytes, color_mode: str, name: str) -> npt.NDArray[np.uint8]:
    """The uint8 picture (height, width, channels) that a file's bytes hold, as it is stored: not turned by its EXIF.

    Args:
        content: The bytes.
        color_mode: "rgb", "rgba" or "grayscale".
        name: The file, for errors.
    """
    if color_mode not in COLOR_MODES:
        raise ArgumentError(f"color_mode is 'rgb', 'rgba' or 'grayscale', not {color_mode!r}")
    cv2 = load_cv2()
    flags = {
        "grayscale": cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION,
        "rgb": cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
        "rgba": cv2.IMREAD_UNCHANGED,
    }
    try:
        decoded: Any = cv2.imdecode(np.frombuffer(content, np.uint8), flags[color_mode]) if content else None
    except cv2.error:  # more than 2 ** 30 pixels
        decoded = None
    if decoded is None:
        raise DataError(f"{name} cannot be read as a picture: remove it, or make it again as PNG or JPEG")
    picture = np.asarray(decoded)
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if color_mode == "grayscale":
        return picture[..., np.newaxis]
    channels = 1 if picture.ndim == 2 else picture.shape[2]
    codes = {
        "rgb": {3: cv2.COLOR_BGR2RGB},
        "rgba": {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA},
    }
    return np.asarray(cv2.cvtColor(picture, codes[color_mode][channels]))


def _channels_first(data_format: str | None) -> bool:
    if data_format not in (None, "channels_last", "channels_first"):
        raise ArgumentError(f"data_format is 'channels_last' or 'channels_first', not {data_format!r}")
    return data_format == "channels_first"
