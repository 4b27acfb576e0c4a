"""Reductions that leave out what is not a number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Tensor, as_array
from kinema.ops._arrays import floating
from kinema.ops._contract import Op
from kinema.ops.comparison import isnan, logical_not, where
from kinema.ops.creation import as_floating, cast, convert_to_tensor
from kinema.ops.elementwise import divide, sqrt, square, subtract
from kinema.ops.reductions import cumprod, cumsum, max, min, prod, sum


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """`sum` of what is a number."""
    return _over_numbers(sum, x, 0, axis, keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """`prod` of what is a number."""
    return _over_numbers(prod, x, 1, axis, keepdims)


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """`max` of what is a number; where nothing is, the result is not."""
    return _nan_where_nothing(_over_numbers(max, x, -math.inf, axis, keepdims), x, axis, keepdims)


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """`min` of what is a number; where nothing is, the result is not."""
    return _nan_where_nothing(_over_numbers(min, x, math.inf, axis, keepdims), x, axis, keepdims)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """`mean` of what is a number; where nothing is, the result is not."""
    values = as_floating(x)
    result: Tensor = divide(nansum(values, axis, keepdims), _numbers(values, axis, keepdims))
    return result


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """`var` of what is a number; where nothing is, the result is not."""
    values = as_floating(x)
    return nanmean(square(subtract(values, nanmean(values, axis, keepdims=True))), axis, keepdims)


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """`std` of what is a number; where nothing is, the result is not."""
    deviation: Tensor = sqrt(nanvar(x, axis, keepdims))
    return deviation


def nancumsum(x: Any, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor:
    """`cumsum` of what is a number."""
    values = _without_nan(x, 0)
    running: Tensor = cumsum(values if dtype is None else cast(values, dtype), axis=axis)
    return running


def nancumprod(x: Any, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor:
    """`cumprod` of what is a number."""
    return cumprod(_without_nan(x, 1), axis, dtype)


def _over_numbers(reduction: Op, x: Any, neutral: float, axis: Any, keepdims: bool) -> Tensor:
    result: Tensor = reduction(_without_nan(x, neutral), axis=axis, keepdims=keepdims)
    return result


def _without_nan(x: Any, neutral: float) -> Tensor:
    values = convert_to_tensor(x)
    if values.dtype.kind != "f":
        return values
    result: Tensor = where(isnan(values), np.asarray(neutral, values.dtype), values)
    return result


def _nan_where_nothing(result: Tensor, x: Any, axis: Any, keepdims: bool) -> Tensor:
    if result.dtype.kind != "f":
        return result
    there = _numbers(x, axis, keepdims).numpy() > 0
    shown: Tensor = where(there, result, np.asarray(np.nan, result.dtype))
    return shown


def _numbers(x: Any, axis: Any, keepdims: bool) -> Tensor:
    """How many values are numbers."""
    count: Tensor = sum(cast(logical_not(isnan(x)), floating(as_array(x)).dtype), axis=axis, keepdims=keepdims)
    return count
