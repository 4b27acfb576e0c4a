"""Augmentations as layers: random changes of clips while training, one draw per clip."""

from kinema.layers.augmentation.colors import RandomHue, RandomSaturation
from kinema.layers.augmentation.covering import RandomErasing, RandomGaussianBlur
from kinema.layers.augmentation.crops import RandomCrop, RandomResizedCrop
from kinema.layers.augmentation.light import RandomBrightness, RandomContrast
from kinema.layers.augmentation.mixing import MixUp
from kinema.layers.augmentation.timing import RandomSpeed, RandomTemporalJitter, RandomTimeReversal
from kinema.layers.augmentation.warps import RandomFlip, RandomRotation, RandomTranslation, RandomZoom

__all__ = [
    "MixUp",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomHue",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSaturation",
    "RandomSpeed",
    "RandomTemporalJitter",
    "RandomTimeReversal",
    "RandomTranslation",
    "RandomZoom",
]
