"""The activations that kernels can apply to what they have just computed, by name."""

from __future__ import annotations

from collections.abc import Callable

from kinema import _rust
from kinema.autograd import Array
from kinema.errors import ArgumentError
from kinema.ops._arrays import native

NAMES = (
    "linear",
    "relu",
    "sigmoid",
    "tanh",
    "hard_sigmoid",
    "hard_sigmoid_legacy",
    "elu",
    "selu",
    "softplus",
    "softsign",
    "silu",
    "gelu",
    "exponential",
)
_CODES: dict[str, _rust.Activation] = {name: getattr(_rust.Activation, name.upper()) for name in NAMES}
#: Those whose slope follows from their output, so that their input need not be kept.
_SLOPE_FROM_OUTPUT = frozenset({"relu", "sigmoid", "tanh", "exponential"})


def code_of(op: str, activation: str | None) -> _rust.Activation:
    """The kernels' code for a name; None means linear."""
    code = _CODES.get("linear" if activation is None else activation)
    if code is None:
        raise ArgumentError(f"ops.{op}: activation is one of {', '.join(NAMES)} or None, not {activation!r}")
    return code


def activated(
    op: str, activation: str | None, compute: Callable[[_rust.Activation], Array]
) -> tuple[Array, Callable[[Array], Array]]:
    """Computes an output with its activation, fused where backward can do without the value in between.

    Args:
        op: The op, for errors.
        activation: The activation's name.
        compute: Computes the output with the activation that it is given.

    Returns:
        The output, and the function from its gradient to that of the value before the activation.
    """
    code = code_of(op, activation)
    if code == _rust.Activation.LINEAR:
        return compute(code), native
    if activation in _SLOPE_FROM_OUTPUT:
        y = compute(code)
        return y, lambda dy: _rust.activate_grad(native(dy), y, y, code)
    z = compute(_rust.Activation.LINEAR)
    y = _rust.activate(z, code)
    return y, lambda dy: _rust.activate_grad(native(dy), z, y, code)
