"""Random numbers, with the names of `keras.random`, and the keys that everything random in Kinema is drawn by."""

from kinema.random.draws import (
    SeedGenerator,
    categorical,
    dropout,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)
from kinema.random.keys import (
    RandomKey,
    current_key,
    draw_normal,
    draw_uniform,
    global_seed,
    next_stream,
    one_step,
    permutation,
    random_scope,
    scaled_samples,
    set_random_seed,
    surrounding_key,
)

__all__ = [
    "RandomKey",
    "SeedGenerator",
    "categorical",
    "current_key",
    "draw_normal",
    "draw_uniform",
    "dropout",
    "global_seed",
    "next_stream",
    "normal",
    "one_step",
    "permutation",
    "randint",
    "random_scope",
    "scaled_samples",
    "set_random_seed",
    "shuffle",
    "surrounding_key",
    "truncated_normal",
    "uniform",
]
