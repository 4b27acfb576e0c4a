"""Activations that kernels apply to what they have just computed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kinema.errors import ArgumentError
from kinema.ops._activation import NAMES
from kinema.saving.registry import builtin_objects

#: Stays an op at the end of a step, as a softmax does: it leaves its logits with its output, for losses to find.
WITH_LOGITS = "sigmoid"


def kernel_activation(activation: Callable[..., Any] | None) -> str | None:
    """The name under which kernels know an activation, None if they do not. One that was taken away is linear."""
    return "linear" if activation is None else _names().get(id(activation))


@functools.cache
def _names() -> dict[int, str]:
    """The names of the activations that kernels know, by the identities of functions that never die."""
    known = builtin_objects("keras.activations")
    return {id(known[name]): name for name in NAMES if name in known}


def apply_fused(compute: Callable[..., Any], activation: Callable[..., Any] | None) -> Any:
    """An op's output with the activation, computed by the op itself where it can and may."""
    name = kernel_activation(activation)
    if activation is None or name not in (None, WITH_LOGITS):
        return compute(activation=name)
    return activation(compute(activation=None))


def required_kernel_activation(owner: str, argument: str, activation: Callable[..., Any]) -> str:
    """The name under which kernels know an activation, or an error that lists them."""
    name = kernel_activation(activation)
    if name is None:
        raise ArgumentError(
            f"{owner}: {argument} is one of {', '.join(NAMES)}, which run inside the kernel, "
            f"not {getattr(activation, '__name__', activation)!r}"
        )
    return name
