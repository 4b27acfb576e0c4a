"""The optimisers under the module name that some scripts of Keras 2.11 to 2.15 import them from."""

from kinema.optimizers.adadelta import Adadelta
from kinema.optimizers.adagrad import Adagrad
from kinema.optimizers.adamax import Adamax
from kinema.optimizers.adaptive_moments import Adam, AdamW
from kinema.optimizers.ftrl import Ftrl
from kinema.optimizers.gradient_descent import SGD
from kinema.optimizers.nadam import Nadam
from kinema.optimizers.root_mean_square import RMSprop

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Nadam", "RMSprop"]
