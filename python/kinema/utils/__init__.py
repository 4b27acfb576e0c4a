"""Everyday helpers, with Keras's names."""

from kinema.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
    standardize_dtype,
)
from kinema.preprocessing._pictures import array_to_img, img_to_array, load_img, save_img
from kinema.preprocessing.sequence import pad_sequences
from kinema.random import set_random_seed
from kinema.saving.registry import (
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from kinema.utils.class_weights import balanced_class_weights
from kinema.utils.image_folder import image_dataset_from_directory
from kinema.utils.numerical import normalize, to_categorical
from kinema.utils.progbar import Progbar
from kinema.utils.py_dataset import PyDataset
from kinema.utils.session import clear_session, is_keras_tensor
from kinema.utils.splitting import split_dataset
from kinema.utils.timeseries import timeseries_dataset_from_array
from kinema.utils.unpacking import pack_x_y_sample_weight, unpack_x_y_sample_weight

CustomObjectScope = custom_object_scope
Sequence = PyDataset

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "balanced_class_weights",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
