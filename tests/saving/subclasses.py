"""Models that users write as classes, for Kinema and for Keras alike: `lib` is one of the two."""

from collections.abc import Callable
from typing import Any

FEATURES = 3


def plain(lib: Any) -> type:
    """Attributes before and behind "layers", which Keras takes for an attribute too."""

    class Plain(lib.Model):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.last, self.first, self._middle = lib.layers.Dense(2), lib.layers.Dense(3), lib.layers.Dense(4)

        def call(self, inputs: Any) -> Any:
            return self.last(self._middle(self.first(inputs)))

    return Plain


def private(lib: Any) -> type:
    """Sublayers in private attributes, one of them shown by a property."""

    class Shown(lib.layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self._hidden, self._other = lib.layers.Dense(3), lib.layers.Dense(3)

        @property
        def inner(self) -> Any:
            return self._hidden

        @property
        def broken(self) -> Any:
            raise ValueError("not now")

        def call(self, inputs: Any) -> Any:
            return self._other(self._hidden(inputs))

    class Private(lib.Model):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            line = [lib.layers.Dense(3, use_bias=False), lib.layers.BatchNormalization(), lib.layers.Dense(2)]
            self._net = lib.Sequential(line)
            self._shown = Shown()

        def call(self, inputs: Any, training: bool = False) -> Any:
            return self._net(self._shown(inputs), training=training)

    return Private


def contained(lib: Any) -> type:
    """Sublayers in every kind of container, some of them put there later."""

    class Contained(lib.Model):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)

            def dense() -> Any:
                return lib.layers.Dense(3)

            self.named = {"b": dense(), "a": dense()}
            self.nested = [[dense()], [dense(), (dense(),)], 5, "text"]
            self.pair = (dense(), lib.layers.LayerNormalization())
            self.lists = {"q": [dense()], "p": [dense()]}
            self.grown: list[Any] = []
            for _ in range(2):
                self.grown.append(dense())
            self.late: dict[str, Any] = {}
            self.late["x"] = lib.layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            line = [*self.named.values(), self.nested[0][0], self.nested[1][0], self.nested[1][1][0], *self.pair]
            for layer in [*line, self.lists["q"][0], self.lists["p"][0], *self.grown, self.late["x"]]:
                inputs = layer(inputs)
            return inputs

    return Contained


def shared(lib: Any) -> type:
    """A sublayer under two attributes, and weights of the model's own."""

    class Twice(lib.layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.dense = lib.layers.Dense(3)
            self.again = self.dense

        def build(self, input_shape: Any) -> None:
            self.dense.build(input_shape)

        def call(self, inputs: Any) -> Any:
            return self.dense(self.again(inputs))

    class Shared(lib.Model):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.twice, self.out = Twice(), lib.layers.Dense(2)
            self.both = [self.twice, lib.layers.Dense(3)]

        def build(self, input_shape: Any) -> None:
            self.gain = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="gain")
            for layer in (*self.both, self.out):
                layer.build((None, 3))

        def call(self, inputs: Any) -> Any:
            return self.out(self.both[1](self.twice(inputs * self.gain)))

    return Shared


def functional(lib: Any) -> type:
    """A graph made in the constructor, with a layer named before it and one that is not in it."""

    class Graph(lib.Model):
        def __init__(self, units: int = 4, **kwargs: Any) -> None:
            entry = lib.Input((FEATURES,))
            self.second = lib.layers.Dense(2)
            super().__init__(inputs=entry, outputs=self.second(lib.layers.Dense(units)(entry)), **kwargs)
            self.units = units

        def get_config(self) -> dict[str, Any]:
            return {"units": self.units, "name": self.name}

    return Graph


CLASSES: dict[str, Callable[[Any], type]] = {
    make.__name__: make for make in (plain, private, contained, shared, functional)
}
