"""Kernels of Kinema. Arrays are C-contiguous float32 or float64, channels last; `kinema.ops` is the public face."""

from collections.abc import Sequence
from typing import Any, TypeAlias, final

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Pair: TypeAlias = tuple[int, int]
#: Frames of numbers; or bytes, scale, offset and, where there are some, mean and deviation: constants for every
#: position of a row or of a frame.
Frames: TypeAlias = Array | tuple[npt.NDArray[np.uint8], Array, Array, tuple[Array, Array] | None]

#: The version of the package, from its manifest.
__version__: str

@final
class RecycledMemory:
    """The base of every array that a kernel makes: its memory goes back to a pool with the last array over it."""

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

# ---- audio
def mel_features(
    samples: npt.NDArray[np.float32],
    centres: npt.NDArray[np.int64],
    rate: float,
    fft_length: int,
    window_length: int,
    reflect: bool,
    bands: int,
    range: tuple[float, float],
    feature: str,
    top_db: float,
    coefficients: int,
) -> npt.NDArray[np.float32]:
    """One row of `feature` ("power", "decibels" or "cepstrum") for `samples` around each of `centres`."""

# ---- convolution (x: frames, height, width, channels; kernel: height, width, channels in per group, channels out)
def column_sums(x: Array) -> Array:
    """The sum of every column of x (rows, n), by a fixed tree."""

def conv2d(
    x: Frames,
    kernel: Array,
    bias: Array | None,
    strides: Pair,
    same: bool,
    dilation: Pair,
    groups: int,
    activation: Activation,
) -> Array:
    """y = activation(x * kernel + bias)."""

def conv2d_grad(
    dy: Array,
    x: Frames,
    kernel: Array,
    strides: Pair,
    same: bool,
    dilation: Pair,
    groups: int,
    wanted: tuple[bool, bool],
) -> tuple[Array | None, Array | None]:
    """(dx, dkernel), given dy; None where a gradient is not wanted."""

@final
class Conv2DChain:
    """Convolutions in a row, some with max pooling behind, ready for frames (height, width, channels). A link is its
    kernel, bias, strides, same, dilation, groups, activation and pool; the chain does not follow the arrays."""

    def __new__(
        cls,
        frame: tuple[int, ...],
        links: Sequence[tuple[Array, Array | None, Pair, bool, Pair, int, Activation, Pair | None]],
    ) -> Conv2DChain: ...
    def fits(self, frame: tuple[int, ...]) -> bool:
        """Whether it would be made in the same way for such frames now."""

    def run(self, x: Frames) -> Array:
        """The last one's output."""

def conv2d_pool(
    x: Frames,
    kernel: Array,
    bias: Array | None,
    strides: Pair,
    same: bool,
    dilation: Pair,
    groups: int,
    activation: Activation,
    pool: Pair,
) -> tuple[Array, Array]:
    """(y, argmax): max-pooled activation(x * kernel + bias), and one byte each: the position in its window, or 255
    where ReLU lets nothing through. The activation is LINEAR or RELU; windows do not overlap."""

def conv2d_pool_grad(
    dy: Array,
    argmax: npt.NDArray[np.uint8],
    x: Frames,
    kernel: Array,
    strides: Pair,
    same: bool,
    dilation: Pair,
    groups: int,
    pool: Pair,
    input_gradient: bool,
) -> tuple[Array | None, Array, Array]:
    """(dx, dkernel, dbias) of `conv2d_pool`, given the argmax it returned; dx is None unless `input_gradient`."""

def conv_output_size(size: int, kernel: int, stride: int, dilation: int, same: bool) -> int:
    """Positions of a window that slides over an axis of `size`."""

# ---- frames
def frames_to_float(x: npt.NDArray[np.uint8], scale: Array, offset: Array) -> Array:
    """y.flat[i] = x.flat[i] * scale[i % p] + offset[i % p], for any shape of x; the dtype is scale's."""

# ---- images
def convert_picture(
    picture: npt.NDArray[np.uint8],
    from_color: str,
    frame: npt.NDArray[Any],
    to_color: str,
    interpolation: str,
    scale: float,
) -> None:
    """Writes `picture` (height, width, 3; uint8, any distance between rows) to `frame` (height, width, channels;
    C-contiguous, uint8 or float32) with its size and colour. Colours are "rgb", "bgr" and "gray", interpolations "area"
    and "bilinear" (OpenCV's); float32 levels are multiplied by `scale`."""

# ---- gemm
def dense(x: Array, kernel: Array, bias: Array | None, activation: Activation) -> Array:
    """y = activation(x @ kernel + bias): x (m, k), kernel (k, n), bias (n,)."""

@final
class PackedKernel:
    """A float32 kernel (k, n) as the products read it. It does not follow the array that it was made of."""

    def __new__(cls, kernel: Array) -> PackedKernel: ...

def dense_chain(x: Array, links: Sequence[tuple[PackedKernel | Array, Array | None, Activation]]) -> Array:
    """`dense` after `dense` in float32, each link a kernel, a bias and an activation: the same bits."""

def dense_update(
    kernel: Array, x: Array, dz: Array, rule: UpdateRule, decay: float, input_gradient: bool, leaf: int
) -> Array | None:
    """Changes the kernel of z = x @ kernel by its gradient: first `kernel -= kernel * decay`, then the rule. Returns
    the gradient of x, with the kernel as it was, if it is wanted. Leaves as in `matmul`."""

def matmul(a: Array, b: Array, transpose_a: bool, transpose_b: bool, leaf: int = ...) -> Array:
    """c = op(a) @ op(b), both 2-D or both 3-D with equal first axes. With `transpose_a`, the tree that sums over rows
    has leaves of `leaf` rows."""

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

def read_environment() -> None:
    """Applies `KINEMA_ISA` and `KINEMA_NUM_THREADS`. Empty ones count as unset."""

def set_precision(precision: str) -> None:
    """Chooses how much rounding float32 kernels may trade for speed.

    "fast", the default, lets 3x3 convolutions use Winograd's algorithm, which rounds about twice as much as a sum of
    products (relative l2 error below 2e-6 for outputs and input gradients up to 512 channels, 5e-6 for kernel
    gradients). "exact" computes sums of products only. float64 is always exact.
    """

def get_precision() -> str:
    """The precision of float32 kernels, "exact" or "fast"."""

def set_num_threads(n: int) -> None:
    """Set the number of threads that kernels run on. Results do not depend on it."""

# ---- normalization (x: rows, channels)
def batch_norm(
    x: Array, gamma: Array | None, beta: Array | None, epsilon: float, relu: bool
) -> tuple[Array, Array, Array]:
    """(y, mean, variance): x normalised with its own statistics, ReLU on top if asked for; the variance is biased."""

def batch_norm_grad(
    dy: Array,
    x: Array,
    gamma: Array | None,
    beta: Array | None,
    mean: Array,
    variance: Array,
    epsilon: float,
    relu: bool,
) -> tuple[Array, Array, Array]:
    """(dx, dgamma, dbeta) of `batch_norm`, given the statistics it returned."""

def batch_statistics(x: Array) -> tuple[Array, Array]:
    """(mean, variance) of every channel; the variance is biased."""

def channel_affine(x: Array, scale: Array, offset: Array) -> Array:
    """y = x * scale + offset, one scale and offset a channel."""

def layer_norm(x: Array, gamma: Array | None, beta: Array | None, epsilon: float) -> tuple[Array, Array, Array]:
    """(y, mean, rstd): every row normalised with its own statistics; rstd is 1 / sqrt(variance + epsilon)."""

def layer_norm_grad(dy: Array, x: Array, gamma: Array | None, mean: Array, rstd: Array) -> tuple[Array, Array, Array]:
    """(dx, dgamma, dbeta) of `layer_norm`, given the statistics it returned."""

# ---- optimizers (w and slots are updated in place; all of one size)
@final
class UpdateRule:
    """An optimiser's rule for one array of weights, with the arrays that it keeps beside them."""

    @staticmethod
    def sgd(lr: float) -> UpdateRule:
        """w -= lr g"""

    @staticmethod
    def momentum(velocity: Array, lr: float, momentum: float, nesterov: bool) -> UpdateRule:
        """v = momentum v - lr g, then w += v, or with `nesterov` w += momentum v - lr g."""

    @staticmethod
    def rmsprop(
        mean_square: Array,
        mean_grad: Array | None,
        velocity: Array | None,
        lr: float,
        rho: float,
        momentum: float,
        epsilon: float,
    ) -> UpdateRule:
        """RMSprop: centered if there is a mean_grad, with momentum if there is a velocity."""

    @staticmethod
    def adam(
        m: Array, v: Array, vhat: Array | None, lr: float, beta_1: float, beta_2: float, epsilon: float, step: int
    ) -> UpdateRule:
        """Adam: AMSGrad if there is a vhat. `step` counts from 1."""

    @staticmethod
    def nadam(
        m: Array,
        v: Array,
        lr: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        step: int,
        mean_share: float,
        gradient_share: float,
    ) -> UpdateRule:
        """Nadam: `mean_share` and `gradient_share` say what m and g count in a step. `step` counts from 1."""

    @staticmethod
    def adamax(m: Array, u: Array, lr: float, beta_1: float, beta_2: float, epsilon: float, step: int) -> UpdateRule:
        """Adamax: u is the largest gradient. `step` counts from 1."""

    @staticmethod
    def adagrad(sum_of_squares: Array, lr: float, epsilon: float) -> UpdateRule:
        """s += g²; w -= lr g / sqrt(s + epsilon)"""

    @staticmethod
    def adadelta(mean_square: Array, mean_square_step: Array, lr: float, rho: float, epsilon: float) -> UpdateRule:
        """Adadelta: running means of the squares of gradients and of steps."""

    @staticmethod
    def lion(m: Array, lr: float, beta_1: float, beta_2: float) -> UpdateRule:
        """w -= lr sign(beta_1 m + (1 - beta_1) g), then m = beta_2 m + (1 - beta_2) g"""

    @staticmethod
    def ftrl(
        sum_of_squares: Array,
        z: Array,
        lr: float,
        lr_power: float,
        l1: float,
        l2: float,
        shrinkage: float,
        beta: float,
    ) -> UpdateRule:
        """Ftrl: z is the linear part of what the weights minimise."""

    def update(self, /, w: Array, g: Array) -> None:
        """Changes w and the slots by the gradient g."""

def move_average(average: Array, w: Array, momentum: float) -> None:
    """average = momentum average + (1 - momentum) w"""

def sum_of_squares(g: Array) -> float:
    """The sum of g²."""

def weight_decay(w: Array, factor: float) -> None:
    """w -= w factor"""

# ---- pooling (x: frames, height, width, channels)
def average_pool2d(x: Array, pool: Pair, strides: Pair, same: bool) -> Array:
    """The mean of the inputs in each window; padding is not counted."""

def average_pool2d_grad(dy: Array, input_size: Pair, pool: Pair, strides: Pair, same: bool) -> Array:
    """The gradient of x, given dy; `input_size` is (height, width) of x."""

def global_average_pool2d(x: Array) -> Array:
    """The mean of every frame and channel."""

def global_average_pool2d_grad(dy: Array, input_size: Pair) -> Array:
    """The gradient of x, given dy."""

def global_max_pool2d(x: Array) -> tuple[Array, npt.NDArray[np.int32]]:
    """(y, argmax): the maximum of every frame and channel, and the pixel (row * width + column) it was found at."""

def global_max_pool2d_grad(dy: Array, argmax: npt.NDArray[np.int32], input_size: Pair) -> Array:
    """The gradient of x, given dy and the argmax of `global_max_pool2d`."""

def max_pool2d(x: Array, pool: Pair, strides: Pair, same: bool) -> tuple[Array, Array]:
    """(y, argmax): maxima and their positions in the windows, as uint8 up to 256 positions, else int32."""

def max_pool2d_grad(dy: Array, argmax: Array, input_size: Pair, pool: Pair, strides: Pair, same: bool) -> Array:
    """The gradient of x, given dy and the argmax of `max_pool2d`; `input_size` is (height, width) of x."""

# ---- random (row i of a result belongs to sample first_sample + i)
def dropout(x: Array, rate: float, seed: int, stream: int, step: int, first_sample: int) -> Array:
    """Inverted dropout of x (samples, m); the same call on dy is its gradient."""

def random_normal(shape: Sequence[int], seed: int, stream: int, step: int, first_sample: int, float64: bool) -> Array:
    """Normal numbers with mean 0 and deviation 1."""

def random_uniform(shape: Sequence[int], seed: int, stream: int, step: int, first_sample: int, float64: bool) -> Array:
    """Uniform numbers in [0, 1)."""

# ---- recurrent
def gru(
    z: Array,
    u: Array,
    recurrent_bias: Array | None,
    h0: Array,
    mask: npt.NDArray[np.bool_] | None,
    recurrent_mask: Array | None,
    go_backwards: bool,
    activation: Activation,
    recurrent_activation: Activation,
    reset_after: bool,
    keep: bool,
) -> tuple[Array, Array]:
    """(hs, saved) in walking order: z (batch, time, 3 * units), gates z, r, h; u (units, 3 * units). What `saved`
    holds is the business of `gru_grad`; without `keep` it is empty."""

def gru_grad(
    dhs: Array,
    hs: Array,
    saved: Array,
    u: Array,
    recurrent_bias: Array | None,
    h0: Array,
    mask: npt.NDArray[np.bool_] | None,
    recurrent_mask: Array | None,
    go_backwards: bool,
    activation: Activation,
    recurrent_activation: Activation,
    reset_after: bool,
) -> tuple[Array, Array, Array | None, Array]:
    """(dz, du, drecurrent_bias, dh0) of `gru`; dz in the order of time."""

def lstm(
    z: Array,
    u: Array,
    peepholes: Array | None,
    h0: Array,
    c0: Array,
    mask: npt.NDArray[np.bool_] | None,
    recurrent_mask: Array | None,
    go_backwards: bool,
    activation: Activation,
    recurrent_activation: Activation,
    keep: bool,
) -> tuple[Array, Array, Array]:
    """(hs, cs, saved) in walking order: z (batch, time, 4 * units), gates i, f, c, o; u (units, 4 * units); peepholes
    (3, units) for i, f (old cell state) and o (new one). Unless `keep`, saved is empty."""

def lstm_grad(
    dhs: Array,
    dc_last: Array | None,
    hs: Array,
    cs: Array,
    saved: Array,
    u: Array,
    peepholes: Array | None,
    h0: Array,
    c0: Array,
    mask: npt.NDArray[np.bool_] | None,
    recurrent_mask: Array | None,
    go_backwards: bool,
    activation: Activation,
    recurrent_activation: Activation,
) -> tuple[Array, Array, Array | None, Array, Array]:
    """(dz, du, dpeepholes, dh0, dc0) of `lstm`; dz in the order of time."""

def simple_rnn(
    z: Array,
    u: Array,
    h0: Array,
    mask: npt.NDArray[np.bool_] | None,
    recurrent_mask: Array | None,
    go_backwards: bool,
    activation: Activation,
) -> tuple[Array, Array]:
    """(hs, saved) in walking order: z (batch, time, units), u (units, units). A masked step repeats the state."""

def simple_rnn_grad(
    dhs: Array,
    hs: Array,
    saved: Array,
    u: Array,
    h0: Array,
    mask: npt.NDArray[np.bool_] | None,
    recurrent_mask: Array | None,
    go_backwards: bool,
    activation: Activation,
) -> tuple[Array, Array, Array]:
    """(dz, du, dh0) of `simple_rnn`; dz in the order of time."""

# ---- rows
def scatter_add_rows(dy: Array, index: npt.NDArray[np.int64], n: int) -> Array:
    """The gradient of `take_rows`: row r of (n, m) is the sum, in order, of the rows of dy (k, m) whose index is r."""

def take_rows(x: Array, index: npt.NDArray[np.int64]) -> Array:
    """The rows of x (n, m) that `index` (k, int64) names: (k, m)."""

# ---- softmax
def log_softmax(x: Array) -> Array:
    """x - ln(sum of e^x) along the last axis of (rows, n)."""

def log_softmax_grad(dy: Array, y: Array) -> Array:
    """The gradient of `y = log_softmax(x)`."""

def softmax(x: Array) -> Array:
    """e^x / sum of e^x along the last axis of (rows, n)."""

def softmax_grad(dy: Array, y: Array) -> Array:
    """The gradient of `y = softmax(x)`."""
