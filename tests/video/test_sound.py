"""A folder's sound: row i belongs to frame i however the videos are cut, and models with two inputs train on both."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import audio, layers
from kinema.errors import ArgumentError, DataError, MissingDependencyError, ShapeError, VideoError
from kinema.tensor import Tensor
from kinema.video import VideoFolder, read_video_frames, write_video

av: Any = pytest.importorskip("av")

FPS = 25
RATE = 16000
SIZE = (24, 32)
OPTIONS = {"rate": RATE, "n_fft": 512, "n_mels": 10}
LENGTHS = (9, 10, 13)


def write(path: Path, frames: int, tone: float) -> None:
    """A video whose frames get brighter, and a tone that swells with them."""
    seconds = np.arange(frames * RATE // FPS) / RATE
    swelling = 0.5 * np.sin(2 * np.pi * tone * seconds) * seconds / seconds[-1]
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=FPS)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for index in range(frames):
            picture = np.full((48, 64, 3), 20 + 200 * index // frames, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        samples = (swelling * 32767).astype(np.int16)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Low and high tones; the pictures do not tell which."""
    folder = tmp_path_factory.mktemp("tones")
    for name, tone in (("high", 3000.0), ("low", 300.0)):
        (folder / name).mkdir()
        for index in range(6):
            write(folder / name / f"{index}.mkv", LENGTHS[index % 3], tone + 40 * index)
    return folder


def make(root: Path, **options: Any) -> VideoFolder:
    defaults = {"clip_length": 4, "size": SIZE, "seed": 3, "workers": 2, "audio": "log_mel", "audio_options": OPTIONS}
    return VideoFolder(root, **{**defaults, **options})


def epoch(folder: VideoFolder) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Frames, sound and label, clip by clip."""
    for (frames, sound), y in folder:
        yield from zip(np.asarray(frames), np.asarray(sound), y.tolist(), strict=True)


def heard(path: Path, **options: Any) -> np.ndarray:
    return audio.frame_features(path, "log_mel", **{**OPTIONS, **options})


@pytest.mark.parametrize(
    "options",
    [{}, {"clip_stride": 1}, {"frame_stride": 2}, {"clips_per_video": 2}, {"max_memory": 24_000}],
    ids=lambda options: next(iter(options), "plain"),
)
def test_the_sound_of_a_clip_is_that_of_its_frames(root: Path, options: dict[str, Any]) -> None:
    folder = make(root, shuffle=False, batch_size=5, **options)
    stride = options.get("frame_stride", 1)
    found = list(epoch(folder))
    assert len(found) == folder.num_samples >= 12
    expected = {}
    for clip in folder.clips:
        kept = slice(clip.first_frame, clip.first_frame + 4 * stride, stride)
        frames, rows = read_video_frames(clip.path, SIZE)[kept], heard(clip.path)[kept]
        expected[frames.tobytes(), rows.tobytes()] = clip.label
    assert all(expected[frames.tobytes(), sound.tobytes()] == label for frames, sound, label in found)
    assert found[0][1].shape == (4, 10)
    assert found[0][1].dtype == np.float32


def test_shuffling_does_not_part_sound_and_picture(root: Path) -> None:
    folder = make(root, batch_size=5)
    pairs = {(frames.tobytes(), sound.tobytes()) for frames, sound, _ in epoch(make(root, shuffle=False))}
    first = [(frames.tobytes(), sound.tobytes()) for frames, sound, _ in epoch(folder)]
    folder.set_epoch(1)
    second = [(frames.tobytes(), sound.tobytes()) for frames, sound, _ in epoch(folder)]
    assert first != second
    assert set(first) == set(second) == pairs


def test_whole_videos_have_one_mask_for_both(root: Path) -> None:
    (frames, sound), _ = next(iter(make(root, clip_length=None, shuffle=False, batch_size=3)))
    assert isinstance(sound, Tensor)
    assert frames.shape == (3, 13, *SIZE, 3)
    assert sound.shape == (3, 13, 10)
    np.testing.assert_array_equal(frames.mask, sound.mask)
    np.testing.assert_array_equal(sound.mask.sum(axis=1), LENGTHS)
    for row, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(sound.numpy()[row, :length], heard(root / "high" / f"{row}.mkv"))
        assert not sound.numpy()[row, length:].any()


def test_short_videos_repeat_their_last_row(root: Path) -> None:
    folder = make(root, clip_length=12, pad_short=True, shuffle=False, batch_size=1)
    _, sound, _ = next(epoch(folder))
    rows = heard(folder.clips[0].path)
    np.testing.assert_array_equal(sound, rows[[*range(9), 8, 8, 8]])


def test_segments_have_the_sound_of_their_time(root: Path) -> None:
    rows = [{"path": "low/2.mkv", "label": "end", "start": 0.2, "end": 0.36}]
    folder = make(root, labels=rows, start_column="start", end_column="end", shuffle=False)
    _, sound, _ = next(epoch(folder))
    np.testing.assert_array_equal(sound, heard(root / "low" / "2.mkv")[5:9])


def test_parts_and_weights(root: Path) -> None:
    folder = make(root, validation_split=0.5)
    assert len(list(epoch(folder))) + len(list(epoch(folder.validation))) == make(root).num_samples
    assert set(folder.class_weights()) == {0, 1}
    for training, held_out in make(root).k_fold(3):
        assert next(epoch(training))[1].shape == next(epoch(held_out))[1].shape == (4, 10)


def test_sound_alone_is_that_of_both(root: Path) -> None:
    folder = make(root, size=None, shuffle=False, batch_size=5)
    alone = np.concatenate([x for x, _ in folder])
    np.testing.assert_array_equal(alone, np.stack([sound for _, sound, _ in epoch(make(root, shuffle=False))]))
    strided = np.concatenate([x for x, _ in make(root, size=None, shuffle=False, frame_stride=2)])
    both = np.stack([sound for _, sound, _ in epoch(make(root, shuffle=False, frame_stride=2))])
    np.testing.assert_array_equal(strided, both)
    assert repr(folder).endswith("clip_length=4, size=None, audio='log_mel')")


@pytest.mark.parametrize(
    "options", [{}, {"size": None}, {"frame_stride": 2, "clip_length": 3}, {"max_memory": 30_000, "shuffle": False}]
)
def test_the_cache_changes_nothing(root: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    plain = [leaf for x, y in make(root, **options) for leaf in (*(x if isinstance(x, list) else [x]), y)]
    for _ in range(2):  # written, then read
        cached = [
            leaf
            for x, y in make(root, cache=tmp_path / "cache", **options)
            for leaf in (*(x if isinstance(x, list) else [x]), y)
        ]
        assert len(cached) == len(plain)
        for one, other in zip(cached, plain, strict=True):
            np.testing.assert_array_equal(one, other)


def test_features_and_their_options(root: Path) -> None:
    folder = make(root, audio="mfcc", audio_options={**OPTIONS, "n_mfcc": 5}, shuffle=False)
    _, sound, _ = next(epoch(folder))
    expected = audio.frame_features(folder.clips[0].path, "mfcc", **OPTIONS, n_mfcc=5)
    np.testing.assert_array_equal(sound, expected[:4])
    assert next(epoch(make(root, audio_options=None)))[1].shape == (4, 128)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"audio": "loudness"}, "audio='loudness' is unknown: use one of 'log_mel', 'mel', 'mfcc'"),
        ({"audio": None}, "audio_options need audio, the feature they are for"),
        ({"audio_options": {"hop_length": 160}}, "has 'hop_length', but every frame has one row of sound"),
        ({"audio_options": {"bands": 3}}, "does not fit audio='log_mel' .* give 'rate' and the options of .*log_mel"),
        ({"audio_options": {"n_mels": 0}}, "n_mels"),
        ({"audio": None, "audio_options": None, "size": None}, "got None, which with audio='log_mel' gives the sound"),
        ({"size": None, "crop": (0, 0, 4, 4)}, "crop takes a part of pictures, and size=None gives none"),
        ({"size": None, "augment": layers.RandomFlip()}, "RandomFlip is for pictures, and size=None gives none"),
    ],
)
def test_what_cannot_be(root: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make(root, **options)


def test_sound_must_fit_the_memory(root: Path) -> None:
    with pytest.raises(ArgumentError, match="The sound of 12 videos takes 5120 bytes, more than max_memory=5000"):
        len(make(root, size=None, max_memory=5000))
    needed = 2 * 4 * 24 * 32 * 3 + 5120
    with pytest.raises(ArgumentError, match=f"room for 3: give max_memory={needed} or more"):
        len(make(root, max_memory=needed - 1))
    assert len(list(epoch(make(root, max_memory=needed)))) == make(root).num_samples


def test_a_silent_video_is_an_error_or_skipped(root: Path, tmp_path: Path) -> None:
    for name in ("low", "high"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.mkv").write_bytes((root / name / "0.mkv").read_bytes())
    write_video(tmp_path / "low" / "silent.avi", np.zeros((8, 48, 64, 3), np.uint8))
    with pytest.raises(VideoError, match="silent.avi' has no sound"):
        len(make(tmp_path))
    folder = make(tmp_path, on_error="skip")
    with pytest.warns(UserWarning, match="Skipped 1 of the 3 videos"):
        assert {clip.path.name for clip in folder.clips} == {"0.mkv"}


def test_without_pyav_the_extra_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependencyError, match=r"kinema\[audio\]"):
        len(make(root, on_error="skip"))


def test_a_sound_that_ends_before_the_first_picture_is_an_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = audio.Sound(np.empty(0, np.float32), RATE)
    monkeypatch.setattr("kinema.audio.frames.read_audio", lambda path, rate: over)
    with pytest.raises(VideoError, match="0.mkv' is over before its first picture is shown"):
        len(make(root))


def test_frames_have_labels_beside_the_sound(root: Path) -> None:
    rows = [{"path": f"low/{index}.mkv", "label": [0] * 3 + [1] * (length - 3)} for index, length in enumerate(LENGTHS)]
    x, y = next(iter(make(root, size=None, clip_length=None, labels=rows, label_mode="frame", shuffle=False)))
    assert y.shape == x.mask.shape == x.shape[:2] == (3, 13)
    np.testing.assert_array_equal((y == 1).sum(axis=1), np.array(LENGTHS) - 3)


def test_sound_moves_in_time_with_the_pictures(root: Path) -> None:
    plain = list(epoch(make(root, shuffle=False)))
    turned = list(epoch(make(root, shuffle=False, augment=layers.RandomTimeReversal(0.5))))
    backwards = 0
    for (frames, sound, _), (new_frames, new_sound, _) in zip(plain, turned, strict=True):
        step = -1 if (new_frames == frames[::-1]).all() else 1
        backwards += step < 0
        np.testing.assert_array_equal(new_frames, frames[::step])
        np.testing.assert_array_equal(new_sound, sound[::step])
    assert 0 < backwards < len(plain)
    alone = np.concatenate([x for x, _ in make(root, size=None, shuffle=False, augment=layers.RandomTimeReversal(0.5))])
    np.testing.assert_array_equal(alone, np.stack([sound for _, sound, _ in turned]))


def test_sound_is_mixed_as_the_pictures_and_labels_are_and_left_alone_by_the_rest(root: Path) -> None:
    options = {"shuffle": False, "label_mode": "categorical", "batch_size": 8}
    (plain, heard_plain), y = next(iter(make(root, **options)))
    (_, same), _ = next(iter(make(root, augment=layers.RandomFlip(), **options)))
    np.testing.assert_array_equal(same, heard_plain)
    (mixed, heard_mixed), mixed_y = next(iter(make(root, augment=layers.MixUp(1.0), **options)))
    for row in range(8):
        fits = []
        for partner in set(range(8)) - {row}:
            apart = heard_plain[row] - heard_plain[partner]
            weight = np.sum((heard_mixed[row] - heard_plain[partner]) * apart) / np.sum(apart**2)
            errors = [
                np.abs(after[row] - weight * before[row].astype(float) - (1 - weight) * before[partner]).max()
                for after, before in ((heard_mixed, heard_plain), (mixed, plain), (mixed_y, y))
            ]
            fits.append(errors[0] < 1e-2 and errors[1] < 1 and errors[2] < 1e-3)
        assert any(fits)
    assert np.sum(np.abs(heard_mixed - heard_plain).max(axis=(1, 2)) > 1) > 2


def two_inputs(frames: int | None = 4) -> kinema.Model:
    kinema.utils.set_random_seed(0)
    seen, heard = kinema.Input((frames, *SIZE, 3)), kinema.Input((frames, 10))
    pictures = layers.Flatten()(layers.AveragePooling2D(8)(layers.Rescaling(1 / 255)(seen)))
    both = layers.GRU(8)(layers.Concatenate()([pictures, layers.Rescaling(1 / 80)(heard)]))
    model = kinema.Model(inputs=[seen, heard], outputs=layers.Dense(2, activation="softmax")(both))
    model.compile(kinema.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("clip_length", [4, None])
def test_a_model_with_two_inputs_learns_from_the_folder(root: Path, clip_length: int | None) -> None:
    folder = make(root, clip_length=clip_length, validation_split=0.5, batch_size=4)
    model = two_inputs(clip_length)
    model.fit(folder, validation_data=folder.validation, epochs=12, verbose=0, class_weight="balanced")
    _, accuracy = model.evaluate(folder.validation, verbose=0)
    assert accuracy == 1.0
    predicted = model.predict(folder.validation, verbose=0)
    unlabelled = make(root, clip_length=clip_length, validation_split=0.5, subset="validation", label_mode=None)
    unlabelled.shuffle = False
    assert len(predicted) == folder.validation.num_samples
    assert model.predict(unlabelled, verbose=0).shape[1] == 2
    assert folder.validation.average_clips(predicted).predictions.shape == (6, 2)


def test_without_labels_both_come_as_a_list(root: Path) -> None:
    options = {"shuffle": False, "batch_size": 4}
    frames, sound = next(iter(make(root, label_mode=None, **options)))
    model = two_inputs()
    np.testing.assert_array_equal(
        model.predict(make(root, label_mode=None, **options), verbose=0)[:4],
        model.predict([frames, sound], verbose=0),
    )


def test_normalisation_adapts_to_one_of_both(root: Path) -> None:
    folder = make(root, clip_length=None)
    layer = layers.Normalization()
    layer.adapt(sound for (_, sound), _ in folder)
    rows = np.concatenate([heard(path) for path in sorted(root.rglob("*.mkv"))])
    np.testing.assert_allclose(layer.mean.ravel(), rows.mean(axis=0), rtol=1e-4)
    with pytest.raises(DataError, match=r"batches of 2 inputs.* layer.adapt\(x\[1\] for x, y in data\)"):
        layers.Normalization().adapt(make(root))


def test_a_model_with_one_input_says_what_it_got(root: Path) -> None:
    model = kinema.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.LSTM(2), layers.Dense(2)])
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(ShapeError, match="x is a list of 2 arrays of different kinds, and the model takes one array"):
        model.fit(make(root), verbose=0)
