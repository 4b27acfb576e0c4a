"""Keras's everyday helpers for images and sequences, image augmentation for clips included."""

from kinema.preprocessing import image as image
from kinema.preprocessing import sequence as sequence
from kinema.utils.image_folder import image_dataset_from_directory as image_dataset_from_directory
from kinema.utils.timeseries import timeseries_dataset_from_array as timeseries_dataset_from_array
