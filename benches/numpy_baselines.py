"""The same computations in vectorised NumPy, as a good NumPy user would write them: BLAS, no loops over pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def columns(x: Array, kernel: int) -> Array:
    """(n, h, w, c) to the (n, ho, wo, kernel, kernel, c) patches of a valid convolution."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))
    return np.ascontiguousarray(windows.transpose(0, 1, 2, 4, 5, 3))


def conv2d(x: Array, weights: Array, bias: Array) -> tuple[Array, Array]:
    """Valid convolution by im2col and one matrix product; also gives the patches, for the way back."""
    k = weights.shape[0]
    patches = columns(x, k)
    n, ho, wo = patches.shape[:3]
    flat = patches.reshape(n * ho * wo, -1)
    return (flat @ weights.reshape(-1, weights.shape[-1]) + bias).reshape(n, ho, wo, -1), flat


def conv2d_backward(dy: Array, patches: Array, weights: Array, shape: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Gradients of input, weights and bias: two matrix products, and shifted sums for the overlap of patches."""
    k = weights.shape[0]
    n, ho, wo, cout = dy.shape
    flat = dy.reshape(-1, cout)
    d_weights = (patches.T @ flat).reshape(weights.shape)
    d_patches = (flat @ weights.reshape(-1, cout).T).reshape(n, ho, wo, k, k, -1)
    dx = np.zeros(shape, dy.dtype)
    for i in range(k):
        for j in range(k):
            dx[:, i : i + ho, j : j + wo] += d_patches[:, :, :, i, j]
    return dx, d_weights, flat.sum(axis=0)


def max_pool(x: Array) -> Array:
    """2x2 maxima."""
    return _blocks(x).max(axis=(2, 4))


def max_pool_backward(dy: Array, x: Array, y: Array) -> Array:
    """The gradient goes to where the maximum is."""
    n, h, w, c = x.shape
    dx = np.zeros_like(x)
    inside = dx[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c)
    inside[...] = (_blocks(x) == y[:, :, None, :, None]) * dy[:, :, None, :, None]
    return dx


def _blocks(x: Array) -> Array:
    n, h, w, c = x.shape
    return x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c)


def dense(x: Array, weights: Array, bias: Array) -> Array:
    """A matrix product and a bias."""
    return x @ weights + bias


def dense_backward(dy: Array, x: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Gradients of input, weights and bias."""
    return dy @ weights.T, x.T @ dy, dy.sum(axis=0)


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def lstm(x: Array, kernel: Array, recurrent: Array, bias: Array) -> tuple[Array, tuple[Array, ...]]:
    """All hidden states of an LSTM (gates i, f, c, o): one product for all inputs, then a loop over time."""
    batch, time, _ = x.shape
    units = recurrent.shape[0]
    z = (x.reshape(batch * time, -1) @ kernel + bias).reshape(batch, time, -1)
    h = np.zeros((batch, units), x.dtype)
    c = np.zeros_like(h)
    hidden = np.zeros((time + 1, batch, units), x.dtype)
    cells = np.zeros_like(hidden)
    gates = np.empty((time, batch, 4 * units), x.dtype)
    for t in range(time):
        g = z[:, t] + h @ recurrent
        g[:, : 2 * units] = _sigmoid(g[:, : 2 * units])
        g[:, 2 * units : 3 * units] = np.tanh(g[:, 2 * units : 3 * units])
        g[:, 3 * units :] = _sigmoid(g[:, 3 * units :])
        c = g[:, units : 2 * units] * c + g[:, :units] * g[:, 2 * units : 3 * units]
        h = g[:, 3 * units :] * np.tanh(c)
        gates[t], hidden[t + 1], cells[t + 1] = g, h, c
    return hidden[1:].transpose(1, 0, 2), (hidden, cells, gates)


def lstm_backward(
    dy: Array, x: Array, kernel: Array, recurrent: Array, saved: tuple[Array, ...]
) -> tuple[Array, Array, Array, Array]:
    """Gradients of input, both kernels and bias."""
    hidden, cells, gates = saved
    time, batch, _ = gates.shape
    units = recurrent.shape[0]
    dz = np.empty_like(gates)
    dh = np.zeros((batch, units), x.dtype)
    dc = np.zeros_like(dh)
    for t in reversed(range(time)):
        i, f, g, o = np.split(gates[t], 4, axis=1)
        tanh_c = np.tanh(cells[t + 1])
        dh = dh + dy[:, t]
        dc = dc + dh * o * (1 - tanh_c**2)
        dz[t] = np.concatenate(
            [dc * g * i * (1 - i), dc * cells[t] * f * (1 - f), dc * i * (1 - g**2), dh * tanh_c * o * (1 - o)], axis=1
        )
        dc = dc * f
        dh = dz[t] @ recurrent.T
    flat = dz.transpose(1, 0, 2).reshape(batch * time, -1)
    flat_x = x.reshape(batch * time, -1)
    return (
        (flat @ kernel.T).reshape(x.shape),
        flat_x.T @ flat,
        hidden[:-1].reshape(time * batch, units).T @ dz.reshape(time * batch, -1),
        flat.sum(axis=0),
    )
