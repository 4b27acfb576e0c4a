"""Everyday helpers, with Keras's names."""

from kinema.preprocessing._pictures import array_to_img, img_to_array, load_img, save_img
from kinema.preprocessing.sequence import pad_sequences
from kinema.random import set_random_seed
from kinema.utils.class_weights import balanced_class_weights
from kinema.utils.image_folder import image_dataset_from_directory
from kinema.utils.numerical import normalize, to_categorical
from kinema.utils.py_dataset import PyDataset
from kinema.utils.splitting import split_dataset
from kinema.utils.timeseries import timeseries_dataset_from_array

Sequence = PyDataset

__all__ = [
    "PyDataset",
    "Sequence",
    "array_to_img",
    "balanced_class_weights",
    "image_dataset_from_directory",
    "img_to_array",
    "load_img",
    "normalize",
    "pad_sequences",
    "save_img",
    "set_random_seed",
    "split_dataset",
    "timeseries_dataset_from_array",
    "to_categorical",
]
