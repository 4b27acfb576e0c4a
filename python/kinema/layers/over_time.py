"""What every layer that walks through time with a state shares: what it answers, and what it goes on with."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Tensor, as_array
from kinema.errors import ShapeError
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import leaves, map_leaves

OVER_TIME_CONFIG = (
    "return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask",
)  # fmt: skip


class OverTime(ConfiguredLayer):
    """A layer that walks through time with a state. Subclasses say how it walks."""

    mixes_frames = True
    #: How many entries the state has that `return_state` puts behind the output.
    state_count: int

    def __init__(
        self,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.stateful = bool(stateful)
        self.unroll = bool(unroll)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        #: With `stateful`: the state that the next batch begins with; None for the start.
        self.states: list[Any] | None = None

    def reset_state(self) -> None:
        """With `stateful`: begins the next batch with the state of the start."""
        self.states = None

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The input's mask where all steps are returned, in the order in which they were walked."""
        outputs = previous_mask if self.return_sequences else None
        if outputs is not None and self.go_backwards:
            outputs = np.flip(np.asarray(outputs), 1)
        return [outputs, *(None,) * self.state_count] if self.return_state else outputs

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build` was called with; nothing with `stateful`, which Keras builds for a batch of known size."""
        return None if self.stateful else super().get_build_config()

    def _answer(self, outputs: Any, last: Any, states: list[Any], mask: Any) -> Any:
        """What a call gives, and with `stateful` what the next one begins with.

        Args:
            outputs: All outputs in walking order.
            last: The last of them; None where `_needs_last` says that it is not asked for.
            states: The state at the end; anything where neither `stateful` nor `return_state` asks for it.
            mask: Which steps of the input count.
        """
        if self.stateful:
            self.states = map_leaves(states, lambda state: Tensor(np.array(as_array(state))))
        if not self.return_sequences:
            answer = last
        elif self.zero_output_for_mask and mask is not None:
            walked = np.flip(mask, 1) if self.go_backwards else np.asarray(mask)
            answer = ops.where(walked.reshape(*walked.shape, *(1,) * (outputs.ndim - 2)), outputs, 0.0)
        else:
            answer = outputs
        return (answer, *states) if self.return_state else answer

    def _needs_last(self) -> bool:
        return self.stateful or self.return_state or not self.return_sequences

    def _carried_on(self, batch: int) -> list[Any] | None:
        """With `stateful` the state to go on with, if there has been a batch."""
        states = self.states if self.stateful else None
        if states is None:
            return None
        samples = len(leaves(states)[0])
        if samples != batch:
            raise ShapeError(
                f"stateful=True goes on with the state of {samples} samples, but this batch has {batch}: "
                "feed batches of one size, or call reset_state() in between"
            )
        return states
