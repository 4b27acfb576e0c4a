"""Random variations of images and clips while training, with Keras's `ImageDataGenerator`."""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, DataError, ShapeError
from kinema.preprocessing._iterator import ArrayIterator
from kinema.preprocessing._pictures import array_to_img, img_to_array, load_img, save_img
from kinema.preprocessing._resampling import smart_resize
from kinema.preprocessing._transforms import DRAWS, Ranges, Sampling, transform
from kinema.random import RandomKey, draw_uniform, global_seed, next_stream

__all__ = [
    "ArrayIterator",
    "ImageDataGenerator",
    "array_to_img",
    "img_to_array",
    "load_img",
    "save_img",
    "smart_resize",
]

Pixels = npt.NDArray[Any]


class ImageDataGenerator:
    """Varies images, or whole clips, at random and scales them, batch by batch.

    Takes Keras's arguments with Keras's meaning. On clips `(samples, time, height, width, channels)` one draw holds for
    all frames of a clip: the clip is moved, turned or mirrored as a whole. What is drawn for a sample depends on the
    seed, the epoch and the sample's index only. `zca_whitening` and `data_format="channels_first"` are refused.

    Args:
        featurewise_center: Subtract the mean of each channel, as `fit` measured it.
        samplewise_center: Subtract each sample's own mean.
        featurewise_std_normalization: Divide by the deviation of each channel, as `fit` measured it.
        samplewise_std_normalization: Divide by each sample's own deviation.
        rotation_range: Degrees to turn by, either way.
        width_shift_range: Sideways: a fraction of the width (float below 1), pixels (float from 1 on), whole pixels
            less than an int, or a list to choose from.
        height_shift_range: The same up and down.
        brightness_range: `(low, high)` factors on values from 0 to 255.
        shear_range: Degrees to slant by.
        zoom_range: `(low, high)` factors, or a number z for `(1 - z, 1 + z)`; below 1 magnifies.
        channel_shift_range: How much may be added to all values.
        fill_mode: What is beyond the border: `"nearest"`, `"constant"` (`cval`), `"reflect"` or `"wrap"`.
        cval: The value for `"constant"`.
        horizontal_flip: Mirror left and right, every other time.
        vertical_flip: Mirror up and down, every other time.
        rescale: Factor on all values, after the above.
        preprocessing_function: Called with each varied sample before scaling; gives an array of the same shape.
        validation_split: The fraction, from the start, that `flow(subset="validation")` gives.
        interpolation_order: 0, 1 or 3: nearest, linear, cubic.
        dtype: Of the batches; float32 by default.

    Example:

    >>> import kinema, numpy as np
    >>> clips = np.zeros((10, 8, 32, 32, 3), np.uint8)
    >>> image = kinema.preprocessing.image
    >>> varied = image.ImageDataGenerator(rescale=1 / 255, horizontal_flip=True, width_shift_range=0.1)
    >>> x, y = next(varied.flow(clips, np.arange(10), batch_size=4))
    >>> x.shape, x.dtype, y.shape
    ((4, 8, 32, 32, 3), dtype('float32'), (4,))
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: float | Sequence[float] = 0.0,
        height_shift_range: float | Sequence[float] = 0.0,
        brightness_range: tuple[float, float] | None = None,
        shear_range: float = 0.0,
        zoom_range: float | tuple[float, float] = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Pixels], Pixels] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        if zca_whitening:
            raise ArgumentError(
                "zca_whitening needs a matrix of (height * width * channels) squared and is not supported. "
                "Use featurewise_center and featurewise_std_normalization, or a Normalization layer."
            )
        if data_format not in (None, "channels_last"):
            raise ArgumentError(f"data_format must be 'channels_last'; got {data_format!r}. Move the channels last.")
        if not 0 <= validation_split < 1:
            raise ArgumentError(f"validation_split must be from 0 to below 1; got {validation_split!r}.")
        self.featurewise_center = featurewise_center or featurewise_std_normalization
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.validation_split = validation_split
        self.dtype = np.dtype("float32" if dtype is None else dtype)
        self.mean: Pixels | None = None
        self.std: Pixels | None = None
        self._sampling = Sampling(fill_mode, cval, interpolation_order)
        self._ranges = Ranges(
            float(rotation_range),
            _plain(width_shift_range),
            _plain(height_shift_range),
            None if brightness_range is None else _pair("brightness_range", brightness_range),
            float(shear_range),
            (1 - zoom_range, 1 + zoom_range)
            if isinstance(zoom_range, (int, float))
            else _pair("zoom_range", zoom_range),
            float(channel_shift_range),
            bool(horizontal_flip),
            bool(vertical_flip),
        )

    def flow(
        self,
        x: Pixels,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        subset: str | None = None,
    ) -> ArrayIterator:
        """Varied batches of arrays, for `fit` or a loop of one's own; `x` is neither copied nor cast as a whole.

        Args:
            x: Images `(samples, height, width, channels)` or clips `(samples, time, height, width, channels)`.
            y: Targets, one a sample; without them batches are `x` alone.
            batch_size: Samples in a batch.
            shuffle: Another order each epoch.
            sample_weight: Weights, one a sample.
            seed: Of order and variations; `None` takes the process's seed.
            subset: `"training"` or `"validation"`, the parts that `validation_split` makes.

        Returns:
            An iterator that goes on for ever, with a length (batches in an epoch) and an index.
        """
        if x.ndim not in (4, 5):
            raise ShapeError(
                "ImageDataGenerator.flow takes images (samples, height, width, channels) or clips "
                f"(samples, time, height, width, channels); x has shape {x.shape}."
            )
        return ArrayIterator(self, x, y, batch_size, shuffle, sample_weight, seed, subset)

    def fit(self, x: Pixels, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Measures the mean and deviation of each channel, which the featurewise options need.

        Args:
            x: Images or clips.
            augment: Measure them on varied samples.
            rounds: How often to go through the samples when `augment`.
            seed: Of the variations.
        """
        if len(x) == 0:
            raise DataError("ImageDataGenerator.fit needs at least one sample; x is empty.")
        total = np.zeros(x.shape[-1])
        squares = np.zeros(x.shape[-1])
        for turn in range(rounds if augment else 1):
            for index in range(len(x)):
                sample = x[index].astype(np.float64)
                if augment:
                    sample = self.random_transform(sample, None if seed is None else seed + turn * len(x) + index)
                flat = sample.reshape(-1, x.shape[-1])
                total += flat.sum(axis=0)
                squares += (flat * flat).sum(axis=0)
        count = (rounds if augment else 1) * (x.size // x.shape[-1])
        mean = total / count
        self.mean = mean.astype(self.dtype)
        self.std = np.sqrt(np.maximum(squares / count - mean * mean, 0)).astype(self.dtype)

    def get_random_transform(self, img_shape: Sequence[int], seed: int | None = None) -> dict[str, Any]:
        """Draws one transformation for pictures of shape `(height, width, channels)`, or clips of such."""
        key = RandomKey(global_seed() if seed is None else seed, step=next_stream() if seed is None else 0)
        return self._ranges.draw(draw_uniform((1, DRAWS), key, "float64")[0], *img_shape[-3:-1])

    def apply_transform(self, x: Pixels, transform_parameters: dict[str, Any]) -> Pixels:
        """One image or clip under a transformation that `get_random_transform` gave, or a part of one."""
        sample = x if x.dtype in (np.float32, np.float64) else x.astype(self.dtype)
        return transform(sample, transform_parameters, self._sampling)

    def random_transform(self, x: Pixels, seed: int | None = None) -> Pixels:
        """One image or clip under a transformation drawn for it."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def standardize(self, x: Pixels) -> Pixels:
        """One image or clip, scaled and normalised as this generator was told to; the input is left as it is."""
        if self.preprocessing_function is not None:
            x = self.preprocessing_function(x)
        x = np.array(x, self.dtype)
        if self.rescale is not None:
            x *= self.rescale
        if self.samplewise_center:
            x -= x.mean(dtype=np.float64)
        if self.samplewise_std_normalization:
            x /= x.std(dtype=np.float64) + 1e-6
        if self.featurewise_center:
            if self.mean is None or self.std is None:
                raise DataError(
                    "featurewise_center and featurewise_std_normalization need .fit(x_train) before .flow()."
                )
            x -= self.mean
            if self.featurewise_std_normalization:
                x /= self.std + 1e-6
        return x

    def flow_from_directory(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Not supported: raises an error that names `VideoFolder`."""
        raise _no_files("flow_from_directory")

    def flow_from_dataframe(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Not supported: raises an error that names `VideoFolder`."""
        raise _no_files("flow_from_dataframe")

    def varied(self, x: Pixels, draws: npt.NDArray[np.float64]) -> Pixels:
        """One image or clip, varied by these `DRAWS` numbers and standardised."""
        sample = x.astype(self.dtype)
        return self.standardize(transform(sample, self._ranges.draw(draws, *x.shape[-3:-1]), self._sampling))


def _no_files(method: str) -> ArgumentError:
    return ArgumentError(
        f"ImageDataGenerator.{method} reads image files, which Kinema does not. For folders or tables of videos use "
        "kinema.video.VideoFolder(root, clip_length, size), which fit takes as it is; for arrays use .flow(x, y)."
    )


def _pair(name: str, value: Any) -> tuple[float, float]:
    if not hasattr(value, "__len__") or len(value) != 2:
        raise ArgumentError(f"{name} must be two numbers (low, high); got {value!r}.")
    return float(value[0]), float(value[1])


def _plain(shift: float | Sequence[float]) -> float | Sequence[float]:
    return float(shift) if isinstance(shift, np.floating) else shift
