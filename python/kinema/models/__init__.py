"""Models: layers put together, and how they are trained."""

from kinema.models.model import Model
from kinema.models.sequential import Sequential

__all__ = ["Model", "Sequential"]
