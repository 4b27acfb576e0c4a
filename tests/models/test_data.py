"""Batches out of arrays, generators and datasets."""

import itertools

import numpy as np
import pytest

import kinema
from kinema.errors import ArgumentError, DataError, DTypeError, ShapeError
from kinema.models.data import ArrayData, DatasetData, GeneratorData, make_data, steps_in
from kinema.models.frames import Rows, shared_frames


def test_an_epoch_holds_every_sample_once_and_its_order_depends_on_seed_and_epoch() -> None:
    x = np.arange(10)
    data = ArrayData(x, x * 2, batch_size=4, shuffle=True)
    first = list(data.epoch(seed=1, epoch=0))
    assert [len(batch) for batch in first] == [4, 4, 2]
    order = np.concatenate([batch.x.gather() for batch in first])
    assert sorted(order) == list(range(10))
    np.testing.assert_array_equal(np.concatenate([batch.y for batch in first]), order * 2)
    again = np.concatenate([batch.x.gather() for batch in data.epoch(seed=1, epoch=0)])
    np.testing.assert_array_equal(order, again)
    other = np.concatenate([batch.x.gather() for batch in data.epoch(seed=1, epoch=1)])
    assert not np.array_equal(order, other)


def test_validation_takes_the_last_samples() -> None:
    train, validation = ArrayData(np.arange(10), batch_size=3).split(0.25)
    np.testing.assert_array_equal(train.order, np.arange(7))
    np.testing.assert_array_equal(validation.order, np.arange(7, 10))


def test_consecutive_samples_are_a_view_and_others_copy_only_their_batch() -> None:
    x = np.arange(12.0).reshape(6, 2)
    assert np.shares_memory(Rows(x, np.array([2, 3])).gather(), x)
    scattered = Rows(x, np.array([5, 0])).gather()
    assert not np.shares_memory(scattered, x)
    np.testing.assert_array_equal(scattered, [[10, 11], [0, 1]])


@pytest.mark.parametrize(
    "transform", [lambda a: a[::-1], lambda a: a[:, ::-1], lambda a: a[::2], lambda a: a.swapaxes(1, 2)]
)
def test_any_strides_give_the_same_samples(transform: object) -> None:
    x = transform(np.arange(4 * 3 * 3).reshape(4, 3, 3))  # type: ignore[operator]
    x.flags.writeable = False
    batches = [batch.x.gather() for batch in ArrayData(x, batch_size=3).epoch(0, 0)]
    np.testing.assert_array_equal(np.concatenate(batches), np.array(x))


def _windows(frames: np.ndarray, length: int, stride: int = 1) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(frames, length, axis=0)
    return np.moveaxis(windows, -1, 1)[::stride]


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_overlapping_windows_share_their_frames(stride: int) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (20, 4, 5, 3), dtype=np.uint8)
    windows = _windows(frames, 6, stride)
    index = np.array([3, 0, 2])
    shared = shared_frames(Rows(windows, index))
    assert shared is not None
    assert len(shared.frames) < len(index) * 6
    np.testing.assert_array_equal(shared.frames[:, 0][shared.index], windows[index])


def test_windows_of_a_reversed_video_share_their_frames_too() -> None:
    frames = np.random.default_rng(0).integers(0, 255, (12, 2, 2, 3), dtype=np.uint8)[::-1]
    windows = _windows(frames, 4)
    shared = shared_frames(Rows(windows, np.arange(5)))
    assert shared is not None
    assert len(shared.frames) == 8
    np.testing.assert_array_equal(shared.frames[:, 0][shared.index], windows[:5])


def test_clips_that_do_not_overlap_share_nothing() -> None:
    clips = np.zeros((5, 4, 2, 2, 3))
    assert shared_frames(Rows(clips, np.arange(5))) is None
    windows = _windows(np.zeros((40, 2, 2, 3)), 4)
    assert shared_frames(Rows(windows, np.array([0, 10]))) is None


def test_generators_are_walked_once_and_datasets_again() -> None:
    def batches() -> object:
        for i in range(4):
            yield np.full((2, 3), i), np.zeros(2)

    data = make_data(batches(), steps=2)
    assert isinstance(data, GeneratorData)
    assert steps_in(data) == 2
    assert [int(batch.x.array[0, 0]) for batch in data.epoch(0, 0)] == [0, 1]
    assert [int(batch.x.array[0, 0]) for batch in data.epoch(0, 1)] == [2, 3]
    with pytest.raises(DataError, match="gave no batch"):
        list(data.epoch(0, 2))
    listed = make_data([(np.zeros((2, 3)), np.zeros(2))])
    assert isinstance(listed, DatasetData)
    assert len(list(listed.epoch(0, 0))) == len(list(listed.epoch(0, 1))) == 1


def test_a_generator_that_ends_early_is_said_so() -> None:
    data = make_data(iter([(np.zeros((1, 2)), np.zeros(1))]), steps=3)
    with pytest.warns(UserWarning, match="ended after 1 of 3 batches"):
        assert len(list(data.epoch(0, 0))) == 1


class _Sequence:
    """A dataset in the style of Keras's Sequence."""

    def __init__(self) -> None:
        self.ended = 0

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full((1, 2), index), np.zeros(1)

    def on_epoch_end(self) -> None:
        self.ended += 1


def test_indexed_datasets_are_shuffled_by_epoch_and_told_of_its_end() -> None:
    sequence = _Sequence()
    data = make_data(sequence, shuffle=True)
    orders = [[int(batch.x.array[0, 0]) for batch in data.epoch(3, epoch)] for epoch in range(2)]
    assert sorted(orders[0]) == list(range(5))
    assert orders[0] != orders[1]
    assert sequence.ended == 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": np.zeros((0, 3))}, DataError, "x has no samples"),
        ({"x": np.zeros((4, 3)), "y": np.zeros(3)}, DataError, "y has 3 rows and x has 4"),
        ({"x": np.zeros((4, 3)), "sample_weight": np.zeros(2)}, DataError, "sample_weight has 2 rows and x has 4"),
        ({"x": np.zeros((4, 3)), "batch_size": 0}, ArgumentError, "batch_size is a positive integer, not 0"),
        ({"x": np.array(["a"])}, DTypeError, "x has dtype <U1"),
        ({"x": [[1, 2], [3]]}, ShapeError, "rows differ"),
        ({"x": np.zeros(())}, ShapeError, "x is a single number"),
        ({"x": 5}, DTypeError, "x is of type int: give an array"),
        ({"x": iter([]), "y": np.zeros(3)}, ArgumentError, "y cannot be given when x is a"),
    ],
)
def test_data_that_cannot_be_used_is_named(arguments: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        list(make_data(**arguments).epoch(0, 0))


def test_a_split_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="leaves one part empty"):
        ArrayData(np.zeros(2)).split(0.9)
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        ArrayData(np.zeros(2)).split(1.5)


def test_blocks_keep_neighbours_together_and_come_in_another_order_each_epoch() -> None:
    data = ArrayData(np.arange(50), batch_size=8, shuffle="blocks")
    epochs = [[batch.x.gather().tolist() for batch in data.epoch(3, epoch)] for epoch in range(3)]
    for batches in epochs:
        assert len(batches) == len(data)
        assert sorted(itertools.chain.from_iterable(batches)) == list(range(50))
        assert all((b - a) % 50 == 1 for batch in batches for a, b in itertools.pairwise(batch))
    assert epochs[0] != epochs[1] != epochs[2]
    assert epochs[1] == [batch.x.gather().tolist() for batch in data.epoch(3, 1)]


def test_an_unknown_way_to_shuffle_is_refused() -> None:
    with pytest.raises(ArgumentError, match="shuffle is True, False or 'blocks'.*not 'batch'"):
        ArrayData(np.zeros(4), shuffle="batch")


def test_windows_are_split_and_shuffled_as_indices() -> None:
    windows = kinema.video.windows(np.arange(20.0), 4).take(np.arange(16, -1, -2))
    train, held_out = ArrayData(windows, np.arange(9), batch_size=3, shuffle=True).split(0.3)
    for data in (train, held_out):
        for batch in data.epoch(0, 0):
            np.testing.assert_array_equal(batch.x.gather()[:, 0], 16 - 2 * batch.y)
            assert np.shares_memory(batch.x.array, windows.frames)
