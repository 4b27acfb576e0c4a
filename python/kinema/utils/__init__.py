"""Everyday helpers, with Keras's names."""

from kinema.preprocessing.sequence import pad_sequences
from kinema.random import set_random_seed
from kinema.utils.class_weights import balanced_class_weights
from kinema.utils.numerical import normalize, to_categorical
from kinema.utils.py_dataset import PyDataset

Sequence = PyDataset

__all__ = [
    "PyDataset",
    "Sequence",
    "balanced_class_weights",
    "normalize",
    "pad_sequences",
    "set_random_seed",
    "to_categorical",
]
