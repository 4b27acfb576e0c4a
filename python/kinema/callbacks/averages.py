"""The callback that shows averaged weights to whoever looks at the model."""

from __future__ import annotations

from typing import Any

from kinema.callbacks.callback import Callback
from kinema.errors import ArgumentError


class SwapEMAWeights(Callback):
    """Evaluates and predicts with the averages that an optimizer with `use_ema=True` keeps of the weights.

    Training goes on with the weights themselves.

    Args:
        swap_on_epoch: Show the averages from the end of each epoch to the beginning of the next one too, so that a
            `ModelCheckpoint` that comes later in the list of callbacks saves them.

    Raises:
        ArgumentError: The model's optimizer keeps no averages.

    Example:
        >>> import kinema
        >>> optimizer = kinema.optimizers.Adam(use_ema=True, ema_momentum=0.999)
        >>> callbacks = [kinema.callbacks.SwapEMAWeights()]
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._show(False)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.swap_on_epoch:
            self._show(True)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._show(True)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        self._show(False)

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._show(True)

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        self._show(False)

    def _show(self, averages: bool) -> None:
        optimizer = self.model.optimizer
        if not getattr(optimizer, "use_ema", False):
            raise ArgumentError(
                "SwapEMAWeights needs averages of the weights: make the optimizer with use_ema=True, such as "
                "Adam(use_ema=True)"
            )
        optimizer.show_averages(averages)
