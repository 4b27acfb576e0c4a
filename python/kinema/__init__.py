"""Train and run video models on the machine you already have."""

from kinema import ops
from kinema.autograd import GradientTape, Tensor, Variable

__all__ = ["GradientTape", "Tensor", "Variable", "ops"]
