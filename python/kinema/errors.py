"""Errors that teach: each is a `KinemaError` and the builtin that a Python user would catch."""


class KinemaError(Exception):
    """The base of every error that Kinema raises on purpose."""


class ShapeError(KinemaError, ValueError):
    """An array has the wrong rank, shape or length."""


class DTypeError(KinemaError, TypeError):
    """An array or argument has a type that cannot be used here."""


class ArgumentError(KinemaError, ValueError):
    """An argument has a value that makes no sense here: an unknown name, a number out of range."""


class DataError(KinemaError, ValueError):
    """Training data cannot be used: labels out of range, NaN, empty or mismatched arrays."""


class NotBuiltError(KinemaError, RuntimeError, ValueError):
    """A layer or model was asked for something it only has once its input shape is known, or it is compiled."""


class GradientError(KinemaError, RuntimeError):
    """A gradient was asked for that the tape cannot give."""


class NonFiniteError(KinemaError, ArithmeticError):
    """A loss or gradient became NaN or infinite."""


class FileFormatError(KinemaError, OSError, ValueError):
    """A file is not what it should be: no model, an unknown layer, damaged or truncated."""


class MissingFileError(FileFormatError, FileNotFoundError):
    """A file of a model or of weights does not exist, or the folder it should be written to."""


class VideoError(KinemaError, OSError):
    """A video cannot be read or written."""


class VideoNotFoundError(VideoError, FileNotFoundError):
    """A video file or folder does not exist."""


class MissingDependencyError(KinemaError, ImportError):
    """An optional library is needed here and cannot be imported."""
