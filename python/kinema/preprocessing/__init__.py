"""Keras's everyday helpers for images and sequences, image augmentation for clips included."""

from kinema.preprocessing import image as image
from kinema.preprocessing import sequence as sequence
