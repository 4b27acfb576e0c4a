"""Datasets of batches by number."""

import threading

import numpy as np
import pytest

import kinema
from kinema.errors import ArgumentError
from kinema.models.data import make_data


class Numbers(kinema.utils.PyDataset):
    """Batch i holds the number i; notes which thread made it and when epochs begin and end."""

    def __init__(self, count=6, **kwargs):
        super().__init__(**kwargs)
        self.count = count
        self.made = []
        self.threads = set()
        self.epochs = []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        self.made.append(index)
        self.threads.add(threading.current_thread())
        return np.full((2, 1), index, "float32"), np.full((2, 1), index, "float32")

    def on_epoch_begin(self):
        self.epochs.append("begin")

    def on_epoch_end(self):
        self.epochs.append("end")


class Endless(kinema.utils.PyDataset):
    @property
    def num_batches(self):
        return None

    def __getitem__(self, index):
        return [np.full((1, 1), index, "float32"), np.zeros((1, 1), "float32")]


def numbers_in(batches):
    return [int(batch.x.gather()[0, 0]) for batch in batches]


@pytest.mark.parametrize("workers", [1, 3])
def test_epochs_are_shuffled_anew_and_told_of(workers):
    dataset = Numbers(workers=workers)
    data = make_data(dataset, shuffle=True)
    first, second = (numbers_in(data.epoch(1, epoch)) for epoch in range(2))
    assert sorted(first) == sorted(second) == list(range(6))
    assert first != second
    assert dataset.epochs == ["begin", "end"] * 2


@pytest.mark.parametrize("settings", [{"workers": 2}, {"workers": 1, "use_multiprocessing": True}])
def test_workers_keep_the_order_and_run_beside_the_caller(settings):
    dataset = Numbers(**settings)
    assert numbers_in(make_data(dataset).epoch(0, 0)) == list(range(6))
    assert threading.current_thread() not in dataset.threads


def test_no_more_than_the_queue_is_made_ahead():
    dataset = Numbers(count=50, workers=2, max_queue_size=3)
    epoch = make_data(dataset).epoch(0, 0)
    next(epoch)
    epoch.close()
    assert len(dataset.made) <= 4


def test_one_worker_makes_a_batch_when_it_is_needed():
    dataset = Numbers()
    next(make_data(dataset).epoch(0, 0))
    assert dataset.made == [0]
    assert dataset.threads == {threading.current_thread()}


def test_iterating_gives_each_batch_once():
    assert [int(x[0, 0]) for x, _ in Numbers(count=3)] == [0, 1, 2]


def test_a_dataset_without_an_end_goes_on_where_an_epoch_stopped():
    data = make_data(Endless(), shuffle=True, steps=2)
    passes = kinema.models.training.Passes(data, 2)
    assert [numbers_in(passes.epoch(0, epoch)) for epoch in range(2)] == [[0, 1], [2, 3]]


def test_a_dataset_without_an_end_needs_steps():
    with pytest.raises(ArgumentError, match="Endless has no end .*steps_per_epoch="):
        make_data(Endless())


def test_a_subclass_need_not_call_init():
    class Bare(Numbers):
        def __init__(self):
            self.count, self.made, self.threads, self.epochs = 2, [], set(), []

    assert numbers_in(make_data(Bare()).epoch(0, 0)) == [0, 1]


def test_fit_evaluate_and_predict_take_it():
    model = kinema.Sequential([kinema.layers.Input((1,)), kinema.layers.Dense(1)])
    model.compile("sgd", "mse")
    dataset = Numbers(workers=2)
    history = model.fit(dataset, epochs=2, validation_data=Numbers(count=1), verbose=0)
    assert len(history.history["val_loss"]) == 2
    assert len(dataset.made) == 12
    assert model.predict(Numbers(), verbose=0).shape == (12, 1)
    model.fit(Endless(), epochs=2, steps_per_epoch=3, verbose=0)


def test_what_a_subclass_lacks_is_said():
    with pytest.raises(NotImplementedError, match="PyDataset has no batches: define __getitem__"):
        kinema.utils.PyDataset()[0]
    with pytest.raises(NotImplementedError, match="PyDataset does not say how many batches it has: define __len__"):
        list(kinema.utils.PyDataset())
