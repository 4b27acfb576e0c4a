"""What a layer's random draws depend on."""

from __future__ import annotations

from kinema import random
from kinema.random import RandomKey


class Drawing:
    """The part of a layer that draws random numbers."""

    #: The layer's number among the random streams of its model; set by the model, so that names do not matter.
    _random_stream: int
    _bare_draws: int

    def draw_key(self, seed: int | None, part: int = 0) -> RandomKey:
        """What a draw of the layer depends on.

        Args:
            seed: The layer's own seed, which stands for its place in the model too: layers of one seed draw alike, such
                as those of two streams of one video. None to draw as the model does.
            part: Tells the draws of one call apart.
        """
        if seed is None:
            return random.current_key(self._random_stream ^ part)
        if random.surrounding_key() is None:
            self._bare_draws += 1
        return random.own_key(seed, part, self._bare_draws)
