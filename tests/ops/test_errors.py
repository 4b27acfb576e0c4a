"""What ops say when they are given what cannot work."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from kinema import ops
from kinema.errors import ArgumentError, DataError, DTypeError, ShapeError
from kinema.random import RandomKey

FRAMES, KERNEL = np.ones((1, 4, 5, 3)), np.ones((3, 3, 3, 2))
Z, U = np.ones((2, 3, 8)), np.ones((2, 8))
KEY = RandomKey(1)

ERRORS = [
    # elementwise
    (
        lambda: ops.add(np.ones((2, 3)), np.ones(4)),
        ShapeError,
        "ops.add: the shapes of x1 (2, 3) and x2 (4,) do not fit",
    ),
    (
        lambda: ops.where(np.ones(2) > 0, np.ones(3), 0),
        ShapeError,
        "ops.where: the shapes of condition (2,) and x1 (3,)",
    ),
    # axes
    (
        lambda: ops.sum(np.ones(3), axis=1),
        ShapeError,
        "ops.sum: there is no axis 1 in an array with 1 axes: use -1 to 0",
    ),
    (lambda: ops.mean(np.ones((2, 2)), axis=(0, -2)), ShapeError, "ops.mean: axis (0, -2) names the same axis twice"),
    (lambda: ops.transpose(np.ones((2, 2)), (0,)), ShapeError, "axes (0,) leaves out some of the 2 axes of x"),
    # shaping
    (
        lambda: ops.reshape(np.ones(6), (4, -1)),
        ShapeError,
        "an array of shape (6,) has 6 values, which do not fit into (4, -1)",
    ),
    (lambda: ops.reshape(np.ones(6), (-1, -1)), ShapeError, "which do not fit into (-1, -1)"),
    (lambda: ops.squeeze(np.ones((1, 2)), 1), ShapeError, "axis 1 of x, which has shape (1, 2), is not of length 1"),
    (lambda: ops.moveaxis(np.ones((2, 2)), (0, 1), 0), ShapeError, "source (0, 1) and destination 0 name different"),
    (lambda: ops.broadcast_to(np.ones(2), (3,)), ShapeError, "shape (2,) cannot be broadcast to (3,)"),
    (lambda: ops.repeat(np.ones(2), [1, -1]), ArgumentError, "repeats is negative in [1, -1]"),
    (lambda: ops.repeat(np.ones(2), [1, 1, 1], 0), ShapeError, "repeats [1, 1, 1] does not fit axis 0 of length 2"),
    (lambda: ops.concatenate([]), ArgumentError, "ops.concatenate takes a list of at least one tensor, not list []"),
    (lambda: ops.stack(np.ones(2)), ArgumentError, "ops.stack takes a list of at least one tensor, not ndarray"),
    (lambda: ops.concatenate([np.ones((2, 2)), np.ones((2, 3))]), ShapeError, "differ in another axis than 0"),
    (lambda: ops.stack([np.ones(2), np.ones(3)]), ShapeError, "arrays of one shape are needed, got [(2,), (3,)]"),
    (lambda: ops.split(np.ones((2, 5)), 2, 1), ShapeError, "axis 1 of x, which has shape (2, 5), cannot be cut into 2"),
    (lambda: ops.pad(np.ones(2), 1, "wrap"), ArgumentError, "mode is 'constant', 'reflect' or 'symmetric', not 'wrap'"),
    (lambda: ops.pad(np.ones(2), ((1, 1), (1, 1))), ShapeError, "does not fit 1 axes: give one number, one pair"),
    (lambda: ops.pad(np.ones(2), -1), ArgumentError, "pad_width -1 is negative; cut with indexing instead"),
    # indexing
    (lambda: ops.convert_to_tensor(np.ones(2))[5], ShapeError, "index 5 does not fit a tensor of shape (2,)"),
    (lambda: ops.convert_to_tensor(np.ones(2))[5], IndexError, "index 5 does not fit a tensor of shape (2,)"),
    (lambda: ops.take(np.ones(2), [2]), ArgumentError, "indices from 2 to 2 reach outside an axis of length 2"),
    (lambda: ops.take(np.ones(2), [0.0]), DTypeError, "indices are whole numbers, not float32: cast them"),
    (lambda: ops.take_rows(1.0, 0), ShapeError, "ops.take_rows: x is a single number, which has no rows"),
    (lambda: ops.take_along_axis(np.ones((2, 2)), [0], 1), ShapeError, "indices (1,) need as many axes as x (2, 2)"),
    (lambda: ops.slice(np.ones((2, 2)), (0,), (1,)), ShapeError, "need one entry for each of 2 axes"),
    (lambda: ops.slice(np.ones(2), (1,), (2,)), ShapeError, "a block of shape (2,) at (1,) reaches outside"),
    (
        lambda: ops.slice_update(np.ones((2, 2)), (1, 1), np.ones((2, 1))),
        ShapeError,
        "ops.slice_update: updates of shape (2, 1) at (1, 1) do not lie in an array of shape (2, 2)",
    ),
    (
        lambda: ops.scatter([[0], [3]], [1, 2], (3,)),
        ArgumentError,
        "ops.scatter: indices from 0 to 3 reach outside an array of shape (3,)",
    ),
    (
        lambda: ops.scatter_update(np.ones(3), [[0], [1]], [1.0]),
        ShapeError,
        "indices of shape (2, 1) and values of shape (1,) do not fit an array of shape (3,)",
    ),
    (lambda: ops.scatter_update(np.ones(3), [[0.0]], [1.0]), DTypeError, "indices are whole numbers, not float64"),
    (lambda: ops.scatter_update(np.ones(3), [[0]], [1.0], "div"), ArgumentError, "'mul', 'max' or 'min', not 'div'"),
    (lambda: ops.segment_sum(np.ones(3), [0, 1]), ShapeError, "for each row of data, which has shape (3,)"),
    (lambda: ops.segment_max(np.ones(2), [0, 2], 2), ArgumentError, "segment_ids go up to 2, but num_segments is 2"),
    (lambda: ops.top_k(np.ones((2, 3)), 4), ShapeError, "k is 4, but the last axis of x, which has shape (2, 3)"),
    (lambda: ops.in_top_k([0], np.ones(3), 1), ShapeError, "targets has shape (1,) and predictions (3,), expected"),
    (lambda: ops.searchsorted(np.ones((2, 2)), 1.0), ShapeError, "sorted_sequence has shape (2, 2), expected one axis"),
    (lambda: ops.searchsorted(np.ones(2), 1.0, "up"), ArgumentError, "side is 'left' or 'right', not 'up'"),
    (lambda: ops.bincount([-1, 2]), ArgumentError, "x holds whole numbers from 0 on in one or two axes, not int64"),
    (lambda: ops.bincount([1], sparse=True), ArgumentError, "ops.bincount: sparse=True is not supported"),
    (lambda: ops.multi_hot([1]), ArgumentError, "ops.multi_hot: got num_classes=None, sparse=False and []"),
    # statistics
    (lambda: ops.quantile(np.ones(2), 1.5), ArgumentError, "q is a number from 0 to 1, or a list of them, not 1.5"),
    (lambda: ops.quantile(np.ones(2), 0.5, method="mean"), ArgumentError, "method is one of 'linear', 'lower',"),
    (lambda: ops.median(np.ones((2, 0)), 1), ShapeError, "x has shape (2, 0), which has no values over axis 1"),
    (
        lambda: ops.average(np.ones((2, 3)), 0, np.ones(3)),
        ShapeError,
        "weights has shape (3,), but x has shape (2, 3): give a weight for each value",
    ),
    (lambda: ops.moments(np.ones(2), 0, synchronized=True), ArgumentError, "synchronized=True needs several processes"),
    # diagonals and grids
    (lambda: ops.tril(np.ones(2)), ShapeError, "ops.tril: x has shape (2,), but a triangle needs two axes at least"),
    (lambda: ops.diagonal(np.ones(2)), ShapeError, "x has shape (2,), but a diagonal needs two axes"),
    (lambda: ops.diag(np.ones((2, 2, 2))), ShapeError, "x has shape (2, 2, 2), but it should be a vector or a matrix"),
    (lambda: ops.rot90(np.ones((2, 2)), axes=(0,)), ShapeError, "axes are the two axes of the plane, not (0,)"),
    (lambda: ops.meshgrid([1], indexing="yx"), ArgumentError, "indexing is 'xy' or 'ij', not 'yx'"),
    (lambda: ops.diff([1, 2], -1), ArgumentError, "n is a whole number from 0 on, not -1"),
    (lambda: ops.select([], []), ArgumentError, "condlist has 0 entries and choicelist 0: give one choice for each"),
    (lambda: ops.depth_to_space(FRAMES, 2), ShapeError, "3 channels do not make blocks of 2 x 2"),
    (lambda: ops.space_to_depth(FRAMES, 2), ShapeError, "frames of 4 x 5 do not consist of blocks of 2 x 2"),
    (lambda: ops.space_to_depth(FRAMES, 0), ArgumentError, "block_size is a whole number from 1 on, not 0"),
    (lambda: ops.space_to_depth(FRAMES[0], 2), ShapeError, "x has shape (4, 5, 3), expected 4 axes (batch, height,"),
    (lambda: ops.depth_to_space(FRAMES, 2, "channels_first"), ArgumentError, "data_format='channels_first' is not"),
    # creation
    (lambda: ops.zeros(2, "float33"), DTypeError, "'float33' is not a NumPy dtype: use a name such as 'float32'"),
    # products
    (lambda: ops.matmul(np.ones((2, 3)), np.ones((2, 3))), ShapeError, "x1 of shape (2, 3) has 3 columns, but x2"),
    (lambda: ops.matmul(2.0, np.ones(2)), ShapeError, "arrays with at least one axis are needed, got shapes () and"),
    (lambda: ops.matmul(np.ones((2, 1, 3)), np.ones((3, 3, 1))), ShapeError, "leading axes of (2, 1, 3) and (3, 3, 1)"),
    (lambda: ops.dense(np.ones((2, 3)), np.ones((4, 1))), ShapeError, "x has shape (2, 3) and kernel (4, 1); expected"),
    (lambda: ops.dense(np.ones((2, 3)), np.ones((3, 1)), np.ones(2)), ShapeError, "bias has shape (2,), expected (1,)"),
    (
        lambda: ops.dense(np.ones((2, 3)), np.ones((3, 1)), activation="relux"),
        ArgumentError,
        "ops.dense: activation is one of linear, relu, sigmoid,",
    ),
    (
        lambda: ops.dot(np.ones((2, 3)), np.ones(2)),
        ShapeError,
        "axes (1,) of x1, which has shape (2, 3), and axes (0,)",
    ),
    (lambda: ops.norm(np.ones((2, 2)), "nuc"), ArgumentError, "ord is 'nuc' for 2 axes: give a number for one axis"),
    (lambda: ops.normalize(np.ones(2), order=0), ArgumentError, "order is a whole number from 1 on, not 0"),
    (lambda: ops.einsum("ij,jk", np.ones((2, 2))), ArgumentError, "subscripts 'ij,jk' do not describe 1 arrays: write"),
    (lambda: ops.einsum("i1", np.ones((2, 2))), ArgumentError, "subscripts 'i1' do not describe 1 arrays: write"),
    (
        lambda: ops.einsum("i->i", np.ones((2, 2))),
        ShapeError,
        "'i' in 'i->i' does not name the axes of an array with 2",
    ),
    (lambda: ops.einsum("i->j", np.ones(2)), ArgumentError, "the output of 'i->j' names an axis twice or one that no"),
    (
        lambda: ops.einsum("ij,jk->ik", np.ones((2, 3)), np.ones((2, 3))),
        ShapeError,
        "an axis of 'ij,jk->ik' has length 3 in one array and 2 in another; the shapes are (2, 3), (2, 3)",
    ),
    # frames
    (
        lambda: ops.conv(FRAMES[:, 0, 0], KERNEL),
        ShapeError,
        "ops.conv: inputs has shape (1, 3) and the kernel (3, 3, 3",
    ),
    (
        lambda: ops.conv(FRAMES, KERNEL, data_format="channels_first"),
        ArgumentError,
        "ops.conv: data_format='channels_fi",
    ),
    (lambda: ops.conv2d(np.ones((4, 5, 3)), KERNEL), ShapeError, "ops.conv2d: x has shape (4, 5, 3), expected 4 axes"),
    (
        lambda: ops.conv2d(FRAMES, np.ones((3, 3))),
        ShapeError,
        "kernel has shape (3, 3), expected 4 axes (kernel height",
    ),
    (lambda: ops.conv2d(FRAMES, np.ones((3, 3, 2, 2))), ShapeError, "x has 3 channels and groups is 1, but kernel has"),
    (
        lambda: ops.conv2d(FRAMES, KERNEL, np.ones(3)),
        ShapeError,
        "bias has shape (3,), expected (2,), one number a filter",
    ),
    (lambda: ops.conv2d(FRAMES, KERNEL, padding="full"), ArgumentError, "padding is 'valid' or 'same', not 'full'"),
    (lambda: ops.conv2d(FRAMES, KERNEL, strides=0), ArgumentError, "strides is a positive whole number or two of them"),
    (
        lambda: ops.conv2d(FRAMES, KERNEL, dilation_rate=2),
        ShapeError,
        "the height of the frames is 4, but the window needs 5 (window (3, 3), dilation (2, 2)): use larger frames",
    ),
    (
        lambda: ops.max_pool(FRAMES, (2, 6)),
        ShapeError,
        "ops.max_pool: the width of the frames is 5, but the window needs 6",
    ),
    (lambda: ops.average_pool(FRAMES, "2"), ArgumentError, "pool_size is a positive whole number or two of them"),
    (
        lambda: ops.max_pool(FRAMES[0], 2),
        ShapeError,
        "inputs has shape (4, 5, 3), expected 4 axes (batch, height, width",
    ),
    (lambda: ops.global_max_pool(FRAMES[:, :0]), ShapeError, "ops.global_max_pool: the height of the frames is 0"),
    (
        lambda: ops.normalize_frames(FRAMES, np.ones(2), 0),
        ShapeError,
        "scale of shape (2,) and offset of shape () do not fit",
    ),
    (lambda: ops.normalize_frames(1.0, np.ones(2), 0), ShapeError, "the last axes of x, which has shape ()"),
    # recurrences
    (lambda: ops.lstm(Z, np.ones((3, 8))), ShapeError, "ops.lstm: z has shape (2, 3, 8) and recurrent_kernel (3, 8)"),
    (lambda: ops.lstm(Z[0], U), ShapeError, "z has shape (3, 8), expected 3 axes (batch, time, gates)"),
    (
        lambda: ops.lstm(Z[:, :0], U),
        ShapeError,
        "z has shape (2, 0, 8), which has no time step; at least one is needed",
    ),
    (
        lambda: ops.lstm(Z, U, np.ones((2, 3))),
        ShapeError,
        "peepholes has shape (2, 3), expected (3, 2): input, forget, output",
    ),
    (lambda: ops.lstm(Z, U, None, np.ones((3, 2))), ShapeError, "have shape (batch, units), here (2, 2), not (3, 2)"),
    (
        lambda: ops.lstm(Z, U, mask=np.ones((2, 4), bool)),
        ShapeError,
        "mask has shape (2, 4), expected (batch, time), here (2, 3)",
    ),
    (
        lambda: ops.gru(np.ones((2, 3, 6)), np.ones((2, 6)), np.ones(6), reset_after=False),
        ShapeError,
        "recurrent_bias has shape (6,); expected (6,) with reset_after, else None",
    ),
    # normalisation
    (lambda: ops.batch_norm(np.ones((2, 3)), np.ones(2)), ShapeError, "scale (gamma) has shape (2,), expected (3,)"),
    (
        lambda: ops.layer_norm(np.ones((2, 3)), None, np.ones(2)),
        ShapeError,
        "offset (beta) has shape (2,), expected (3,)",
    ),
    (lambda: ops.layer_normalization(FRAMES, center=True), ArgumentError, "takes rms_scaling besides its arguments"),
    # attention
    (
        lambda: ops.dot_product_attention(Z, Z, Z),
        ShapeError,
        "query, key and value are (batch, steps, heads, features)",
    ),
    (
        lambda: ops.dot_product_attention(Z, Z, Z, flash_attention=True),
        ArgumentError,
        "flash_attention and attn_logits_soft_cap are not supported: leave them out",
    ),
    # dropout
    (lambda: ops.dropout(np.ones((2, 3)), 1.0, KEY), ArgumentError, "rate is a number from 0 up to but not 1, not 1.0"),
    (
        lambda: ops.dropout(np.ones((2, 3)), 0.5, KEY, (2,)),
        ShapeError,
        "noise_shape (2,) needs 2 entries for x of shape (2, 3)",
    ),
    (
        lambda: ops.dropout(np.ones((2, 3)), 0.5, KEY, (2, 2)),
        ShapeError,
        "noise_shape (2, 2) does not fit x of shape (2, 3)",
    ),
    # cross-entropies
    (
        lambda: ops.categorical_crossentropy(np.ones((2, 3)), np.ones((2, 4))),
        ShapeError,
        "ops.categorical_crossentropy: target has shape (2, 3) and output (2, 4), which should be equal",
    ),
    (lambda: ops.categorical_crossentropy(1.0, 1.0), ShapeError, "output is a single number, but it needs an axis of"),
    (
        lambda: ops.binary_crossentropy(np.ones(2), np.ones(3)),
        ShapeError,
        "ops.binary_crossentropy: target has shape (2,)",
    ),
    (
        lambda: ops.sparse_categorical_crossentropy([0, 4], np.ones((2, 4))),
        DataError,
        "target has labels from 0 to 4, but output has 4 classes: labels are 0 to 3",
    ),
    (
        lambda: ops.sparse_categorical_crossentropy([0.5, 1], np.ones((2, 4))),
        DataError,
        "target holds numbers that are not whole, but class numbers are",
    ),
    (
        lambda: ops.sparse_categorical_crossentropy([[1, 0], [0, 1]], np.ones((2, 2))),
        ShapeError,
        "target has shape (2, 2), expected (2,) or (2, 1) for output of shape (2, 2); for targets that are vectors",
    ),
    (
        lambda: ops.sparse_categorical_crossentropy(["a"], np.ones((1, 2))),
        DTypeError,
        "target holds class numbers, not <U1",
    ),
    (
        lambda: ops.sparse_categorical_crossentropy([0, 1], np.ones((2, 3)), axis=0),
        ShapeError,
        "the classes are on the last axis of output, not on 0",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS, ids=[text[:50] for _, _, text in ERRORS])
def test_errors(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        call()
