"""Models on endless video: a frame goes in, the class probabilities of the window that ends there come out."""

from kinema.streaming.predictor import Answer, StreamPredictor
from kinema.streaming.rates import Rates
from kinema.streaming.sources import open_source

__all__ = ["Answer", "Rates", "StreamPredictor", "open_source"]
