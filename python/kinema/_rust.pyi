"""Kernels of Kinema. Arrays are C-contiguous float32 or float64, channels last; `kinema.ops` is the public face."""

from typing import Any, TypeAlias, final

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Array: TypeAlias = npt.NDArray[Any]

# ---- activations
@final
class Activation:
    """An activation function without parameters."""

    LINEAR: Activation
    RELU: Activation
    SIGMOID: Activation
    TANH: Activation
    HARD_SIGMOID: Activation
    HARD_SIGMOID_LEGACY: Activation
    ELU: Activation
    SELU: Activation
    SOFTPLUS: Activation
    SOFTSIGN: Activation
    SILU: Activation
    GELU: Activation
    EXPONENTIAL: Activation
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __int__(self, /) -> int: ...

def activate(x: Array, activation: Activation) -> Array:
    """y = activation(x), for any shape."""

def activate_grad(dy: Array, x: Array, y: Array, activation: Activation) -> Array:
    """dx = dy * activation'(x), given y = activation(x)."""

# ---- machine
def available_instruction_sets() -> list[str]:
    """The instruction sets of this machine, best first."""

def clear_memory() -> None:
    """Give recycled memory back to the system."""

def get_num_threads() -> int:
    """The number of threads that kernels run on."""

def instruction_set() -> str:
    """The instruction set that kernels run on."""

def pooled_bytes() -> int:
    """Bytes of recycled memory that wait for their next use."""

def set_num_threads(n: int) -> None:
    """Set the number of threads that kernels run on. Results do not depend on it."""
