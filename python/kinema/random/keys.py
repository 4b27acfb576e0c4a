"""Random numbers from a counter, keyed by (seed, stream, step, sample): nothing advances hidden state.

The same key gives the same numbers whatever came before, for any number of threads and any split of a batch, so that a
resumed training draws what an uninterrupted one would have drawn.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike

from kinema import _rust
from kinema.autograd import Array
from kinema.errors import ArgumentError

_SEED_LIMIT = 2**63


@dataclass(frozen=True)
class RandomKey:
    """What a draw depends on, and nothing else.

    Args:
        seed: The run's seed.
        stream: Who draws: a layer's position, an initialiser's number.
        step: The training step.
        first_sample: The global index of the batch's first sample.
    """

    seed: int
    stream: int = 0
    step: int = 0
    first_sample: int = 0


class _Process:
    """The process-wide seed, and how many streams have been handed out since it was set."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seed: int | None = None
        self.streams = 0


_process = _Process()
_scope = threading.local()


def set_random_seed(seed: int) -> None:
    """Fixes everything random from here on: initial weights, shuffling, dropout.

    Args:
        seed: A non-negative integer.

    Example:
        >>> import kinema
        >>> kinema.utils.set_random_seed(7)
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < _SEED_LIMIT:
        raise ArgumentError(f"seed is a non-negative integer below 2**63, not {seed!r}")
    with _process.lock:
        _process.seed = int(seed)
        _process.streams = 0


def global_seed() -> int:
    """The process-wide seed; drawn from the system the first time when nobody set one."""
    with _process.lock:
        if _process.seed is None:
            _process.seed = secrets.randbelow(_SEED_LIMIT)
        return _process.seed


def next_stream() -> int:
    """A number that nobody had since the seed was set: for draws that have no place in a model to be keyed by."""
    with _process.lock:
        _process.streams += 1
        return _process.streams


def surrounding_key() -> RandomKey | None:
    """The key of the surrounding `random_scope`, which has no stream; None outside of all."""
    key: RandomKey | None = getattr(_scope, "key", None)
    return key


class _KeyScope:
    """Inside, layers draw with this key, if there is one. A class: a generator's context takes twice as long."""

    def __init__(self, key: RandomKey | None, rows: int = 1) -> None:
        self._key = key
        self._rows = rows

    def __enter__(self) -> None:
        self._outer = surrounding_key(), rows_per_sample()
        _scope.key, _scope.rows = self._key, self._outer[1] * self._rows

    def __exit__(self, *exception: object) -> None:
        _scope.key, _scope.rows = self._outer


def random_scope(seed: int, step: int, first_sample: int = 0) -> _KeyScope:
    """Inside, layers that draw at random use this seed, step and global index of the batch's first sample."""
    return _KeyScope(RandomKey(seed, step=step, first_sample=first_sample))


def scaled_samples(factor: int) -> _KeyScope:
    """Inside, every sample of the batch stands as `factor` rows, as when frames are folded into the batch axis."""
    key = surrounding_key()
    return _KeyScope(key and replace(key, first_sample=key.first_sample * factor), factor)


def rows_per_sample() -> int:
    """How many rows of the batch each sample stands as, see `scaled_samples`."""
    rows: int = getattr(_scope, "rows", 1)
    return rows


def one_step() -> _KeyScope:
    """Inside, each layer draws the same however often it is called: as one step, the surrounding one or a new one."""
    return _KeyScope(surrounding_key() or RandomKey(global_seed(), step=next_stream()))


def current_key(stream: int) -> RandomKey:
    """The key of one layer's draw: from the surrounding `random_scope`, else from the process-wide seed and a new step.

    Args:
        stream: The layer's own number.
    """
    scope = surrounding_key()
    if scope is None:
        return RandomKey(global_seed(), stream, step=next_stream())
    return replace(scope, stream=stream)


def own_key(seed: int, stream: int, step: int) -> RandomKey:
    """The key of a draw with a seed of its own, in the step of the surrounding `random_scope`, else in a given one."""
    scope = surrounding_key()
    return RandomKey(seed, stream, step) if scope is None else replace(scope, seed=seed, stream=stream)


def draw_uniform(shape: tuple[int, ...], key: RandomKey, dtype: DTypeLike = "float32") -> Array:
    """Numbers in [0, 1); row i of axis 0 belongs to sample `key.first_sample + i`."""
    double = np.dtype(dtype) == np.float64
    drawn: Array = _rust.random_uniform(shape, key.seed, key.stream, key.step, key.first_sample, double)
    return drawn


def draw_normal(shape: tuple[int, ...], key: RandomKey, dtype: DTypeLike = "float32") -> Array:
    """Numbers with mean 0 and standard deviation 1; row i of axis 0 belongs to sample `key.first_sample + i`."""
    double = np.dtype(dtype) == np.float64
    drawn: Array = _rust.random_normal(shape, key.seed, key.stream, key.step, key.first_sample, double)
    return drawn


def permutation(n: int, seed: int, epoch: int) -> Array:
    """The order of `n` samples in an epoch."""
    bits = np.random.Philox(key=np.array([seed, epoch], dtype=np.uint64))
    return np.random.Generator(bits).permutation(n)
