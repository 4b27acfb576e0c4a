"""The optimisers under the module name that some scripts of Keras 2.11 to 2.15 import them from."""

from kinema.optimizers.adaptive_moments import Adam, AdamW
from kinema.optimizers.gradient_descent import SGD
from kinema.optimizers.root_mean_square import RMSprop

__all__ = ["SGD", "Adam", "AdamW", "RMSprop"]
