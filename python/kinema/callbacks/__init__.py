"""Callbacks: what happens during training besides training."""

from kinema.callbacks.averages import SwapEMAWeights
from kinema.callbacks.backup import BackupAndRestore
from kinema.callbacks.callback import Callback, CallbackList, History
from kinema.callbacks.checkpoint import ModelCheckpoint
from kinema.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from kinema.callbacks.logging import CSVLogger, LambdaCallback
from kinema.callbacks.stopping import EarlyStopping, TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TerminateOnNaN",
]
