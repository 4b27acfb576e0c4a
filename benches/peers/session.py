"""What a builder hands to the worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from description import Array


@dataclass
class Session:
    """One model, or one optimizer, of one framework, with its data.

    `predict` gives the outputs of the batch, `train` takes a step and gives the loss. `comparable` puts the outputs
    into the neutral order; only the check of agreement uses it.
    """

    predict: Callable[[], Any] | None = None
    train: Callable[[], Any] | None = None
    comparable: Callable[[Array], Array] = lambda outputs: outputs
    #: What the framework says about itself: versions, instruction set.
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """How a builder builds."""

    #: Which of its contestants a framework's builder makes; the builder knows the words.
    variant: str
    threads: int
    #: Leave the number of threads to the framework: it may use the whole machine.
    all_cores: bool
    #: Start from the neutral description's weights instead of the framework's own.
    same_weights: bool
