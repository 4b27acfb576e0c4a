"""Pictures to arrays and back, and to another size."""

import io

import numpy as np
import pytest

from kinema.errors import ArgumentError, DataError, DTypeError, ShapeError
from kinema.ops._resampling import METHODS
from kinema.preprocessing._resampling import resample
from kinema.preprocessing.image import array_to_img, img_to_array, load_img, save_img, smart_resize

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)


def test_a_picture_is_read_as_it_was_written(tmp_path):
    for channels in (3, 4):
        picture = RNG.integers(0, 256, (6, 8, channels), dtype=np.uint8)
        save_img(tmp_path / "picture.png", picture, scale=False)
        np.testing.assert_array_equal(load_img(tmp_path / "picture.png", "rgba")[..., :channels], picture)
    save_img(tmp_path / "grey.bmp", PICTURE[..., :1], scale=False)
    np.testing.assert_array_equal(load_img(str(tmp_path / "grey.bmp"), "grayscale"), PICTURE[..., 0])
    np.testing.assert_array_equal(load_img(tmp_path / "grey.bmp"), PICTURE[..., [0, 0, 0]])
    assert (load_img(tmp_path / "grey.bmp", "rgba")[..., 3] == 255).all()


def test_bytes_are_read_and_written_too():
    buffer = io.BytesIO()
    save_img(buffer, PICTURE, file_format="png", scale=False)
    np.testing.assert_array_equal(load_img(buffer), PICTURE)


def test_loading_resizes_and_cuts_out(tmp_path):
    save_img(tmp_path / "wide.png", np.repeat(np.arange(0, 80, 10), 4).reshape(8, 4, 1).transpose(1, 0, 2), scale=False)
    np.testing.assert_array_equal(load_img(tmp_path / "wide.png", "grayscale", (2, 4))[0], [10, 30, 50, 70])
    shrunk = load_img(tmp_path / "wide.png", "grayscale", (2, 2), "box", keep_aspect_ratio=True)
    np.testing.assert_array_equal(shrunk, [[25, 45]] * 2)
    assert load_img(tmp_path / "wide.png", "grayscale", (2, 4), "lanczos").shape == (2, 4)


def test_arrays_become_levels():
    np.testing.assert_array_equal(array_to_img([[[1.0], [3.0], [5.0]]]), [[0, 127, 255]])
    np.testing.assert_array_equal(array_to_img(np.full((1, 2, 3), 7.0)), np.zeros((1, 2, 3)))
    assert array_to_img([[[300.0]]], scale=False).dtype == np.int32
    assert array_to_img(np.zeros((3, 4, 5)), data_format="channels_first").shape == (4, 5, 3)


def test_pictures_become_arrays():
    assert img_to_array(PICTURE).dtype == np.float32
    assert img_to_array(PICTURE, dtype="uint8").dtype == np.uint8
    assert img_to_array(PICTURE, "channels_first").shape == (3, 6, 8)
    assert img_to_array(PICTURE[..., 0], "channels_first").shape == (1, 6, 8)


def test_jpeg_has_no_transparency(tmp_path):
    with pytest.warns(UserWarning, match="alpha channel is left out"):
        save_img(tmp_path / "picture.jpg", np.zeros((4, 4, 4)), quality=90)
    assert load_img(tmp_path / "picture.jpg").shape == (4, 4, 3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(3, 3), (6, 5), (13, 17)])
@pytest.mark.parametrize("antialias", [False, True])
def test_a_flat_picture_stays_flat(method, size, antialias):
    resized = resample(np.full((6, 8, 2), 9, np.uint8), size, method, antialias)
    assert resized.dtype == np.float32
    np.testing.assert_allclose(resized, np.full((*size, 2), 9.0), rtol=1e-6)


def test_area_is_the_mean_of_what_a_pixel_covers():
    means = PICTURE.reshape(3, 2, 4, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(resample(PICTURE, (3, 4), "area"), means, rtol=1e-6)
    np.testing.assert_allclose(resample(PICTURE, (3, 4), "box", antialias=True), means, rtol=1e-6)
    np.testing.assert_allclose(
        resample(PICTURE[:1, :3], (1, 2), "area")[0, 0], (PICTURE[0, 0] * 2.0 + PICTURE[0, 1]) / 3
    )


def test_smart_resize_keeps_proportions():
    resized = smart_resize(PICTURE, (3, 3), "nearest")
    np.testing.assert_array_equal(resized, PICTURE[1::2, 2:7:2])
    assert smart_resize(np.zeros((2, 3, 6, 8)), (4, 5), data_format="channels_first").shape == (2, 3, 4, 5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda path: load_img(path / "none.png"), DataError, "none.png' cannot be read as a picture"),
        (lambda path: load_img(path / "none.png", "hsv"), ArgumentError, "color_mode is 'rgb', 'rgba' or .*not 'hsv'"),
        (lambda path: load_img(path, interpolation="magic"), ArgumentError, "interpolation='magic' is unknown"),
        (lambda path: load_img(3), DTypeError, "path is a file's path or an io.BytesIO, not int"),
        (lambda path: img_to_array(np.zeros(3)), ShapeError, r"takes one picture, .* not shape \(3,\)"),
        (lambda path: img_to_array(PICTURE, "middle"), ArgumentError, "data_format is .* not 'middle'"),
        (lambda path: array_to_img(np.zeros((4, 4, 2))), ShapeError, r"1, 3 or 4 channels .* not shape \(4, 4, 2\)"),
        (lambda path: save_img(path / "a.xyz", PICTURE), ArgumentError, "cannot write the format 'xyz'"),
        (lambda path: save_img(path / "a.png", PICTURE, dpi=3), ArgumentError, "does not know the argument.s. dpi"),
        (lambda path: smart_resize(PICTURE, (2, 2), "area"), ArgumentError, "interpolation='area' is unknown"),
        (lambda path: smart_resize(PICTURE[0], (2, 2)), ShapeError, r"not shape \(8, 3\)"),
    ],
)
def test_what_cannot_be_done_is_said(call, error, message, tmp_path):
    (tmp_path / "none.png").write_bytes(b"text")
    with pytest.raises(error, match=message):
        call(tmp_path)
