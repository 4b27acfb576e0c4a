"""Models: layers put together, and how they are trained."""

from kinema.models.cloning import clone_model
from kinema.models.functional import Functional
from kinema.models.model import Model
from kinema.models.sequential import Sequential
from kinema.saving import load_model, model_from_json, save_model

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
