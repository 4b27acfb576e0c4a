"""The tape: the only place that knows about backward order.

An op (see `kinema.ops`) computes an output and hands over a function that turns the output's gradient into its inputs'
gradients. The tape keeps these functions in order and calls them from the last to the first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kinema._silence import without_warnings
from kinema.errors import ArgumentError, DTypeError, GradientError, ShapeError
from kinema.records import Backward, Gradient, Record, dependents, keys_between
from kinema.tensor import Array, Tensor, Variable, as_array
from kinema.updates import SpendableGradient, Update

__all__ = [
    "Array",
    "Backward",
    "Gradient",
    "GradientTape",
    "StepTape",
    "Tensor",
    "Variable",
    "as_array",
    "is_recording",
    "no_tape",
    "record",
    "settled",
]


class _Active(threading.local):
    """The tapes that record what a thread computes."""

    def __init__(self) -> None:
        self.tapes: list[GradientTape] = []


_active = _Active()


class GradientTape:
    """Records ops so that gradients can be computed through them.

    Trainable variables are followed by themselves, other tensors after `watch`. A tape gives gradients once, and frees
    what it held on the way back, unless it is persistent. Gradients of gradients are not supported and raise.

    Args:
        persistent: Keep the records, so that `gradient` may be called several times.
        watch_accessed_variables: Follow every trainable variable that an op reads.

    Example:
        >>> import kinema
        >>> w = kinema.Variable([3.0])
        >>> with kinema.GradientTape() as tape:
        ...     loss = kinema.ops.sum(w * w)
        >>> tape.gradient(loss, [w])[0].numpy()
        array([6.], dtype=float32)
    """

    #: Whether arrays may be written to between their use and the gradient.
    arrays_change = True

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_variables = watch_accessed_variables
        self._records: list[Record | None] = []
        self._tracked: set[int] = set()
        self._variables: dict[int, Variable] = {}
        self._used = False
        self._holds_gradients = False

    def __enter__(self) -> GradientTape:
        _active.tapes.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _active.tapes.remove(self)

    def watch(self, tensor: Any) -> None:
        """Follows a tensor, a variable, or a list of them."""
        if isinstance(tensor, (list, tuple)):
            for one in tensor:
                self.watch(one)
        elif isinstance(tensor, Variable):
            self._follow(tensor)
        elif isinstance(tensor, Tensor):
            self._tracked.add(tensor._key)
        else:
            raise DTypeError(
                f"tape.watch follows a Tensor or a Variable, not {type(tensor).__name__}: "
                "wrap the array with kinema.ops.convert_to_tensor and use the result in the computation"
            )

    def reset(self) -> None:
        """Forgets everything recorded so far."""
        self._records.clear()
        self._tracked.clear()
        self._variables.clear()
        self._used = False
        self._holds_gradients = False

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> Any:
        """The gradient of `target` (summed over its elements) with respect to each of `sources`.

        Args:
            target: A tensor computed inside the tape, or a list of them.
            sources: A tensor or variable, or a list, tuple or dict of them; the answer has the same structure.
            output_gradients: The gradient of each target, ones when None.
            unconnected_gradients: `"none"` or `"zero"`: what to give for a source that the target does not depend on.

        Raises:
            GradientError: The tape was used before and is not persistent, or a second order is asked for.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ArgumentError(f"unconnected_gradients is 'none' or 'zero', not {unconnected_gradients!r}")
        flat = _flatten(sources)
        for source in flat:
            if not isinstance(source, (Tensor, Variable)):
                raise DTypeError(f"sources are Tensors or Variables, not {type(source).__name__}")
        outer = [tape for tape in _active.tapes if tape is not self or self._persistent]
        passed = keys_between(self._records, flat, _flatten([target])) if outer else set()
        found = self._run(target, output_gradients, {source._key for source in flat}, None)
        results = []
        for source in flat:
            array = found.get(source._key)
            if array is None and unconnected_gradients == "zero":
                array = np.zeros(source.shape, source.dtype)
            results.append(None if array is None else Tensor(array))
        for tape in outer:
            tape._note_gradients(passed, [result for result in results if result is not None])
        return _unflatten(sources, iter(results))

    def backward(
        self,
        target: Tensor,
        sink: Callable[[Variable, Array], None],
        update: Callable[[Variable], Update | None] | None = None,
    ) -> None:
        """Hands the final gradient of every followed variable to `sink`, as soon as no earlier op can add to it.

        The gradients are C-contiguous. They may be read-only or part of what other gradients are made of: not to be
        written to.

        Args:
            target: A tensor computed inside the tape.
            sink: Called with a variable and its gradient.
            update: Asked what a step does to a variable, where one op alone gives its whole gradient and can spend it
                on the update while computing it. With None as the answer the gradient goes to the sink.
        """
        self._run(target, None, set(), sink, None if self._persistent else update)

    def _follow(self, variable: Variable) -> None:
        self._tracked.add(variable._key)
        self._variables[variable._key] = variable

    def _record(self, name: str, inputs: Sequence[Any], outputs: Sequence[Tensor], backward: Backward) -> None:
        keys: list[int | None] = []
        versions: list[tuple[Variable, int]] = []
        wanted = False
        for value in inputs:
            key = None
            if isinstance(value, (Tensor, Variable)):
                key = value._key
                if isinstance(value, Variable):
                    versions.append((value, value._version))
                    if self._watch_variables and value.trainable and key not in self._tracked:
                        self._follow(value)
                if key in self._tracked:
                    wanted = True
                else:
                    key = None
            keys.append(key)
        if wanted:
            made = [output._key for output in outputs]
            self._tracked.update(made)
            self._records.append(Record(name, keys, made, versions, backward))

    def _note_gradients(self, keys: set[int], results: list[Tensor]) -> None:
        """Notes gradients that another tape has given while this one was active: they cannot be differentiated.

        Args:
            keys: What they were computed from.
            results: The gradients.
        """
        known = sorted(self._tracked & keys)
        if known and results:
            made = [result._key for result in results]
            self._tracked.update(made)
            self._holds_gradients = True
            self._records.append(Record("gradient", list(known), made, [], _refuse_second_order))

    @without_warnings
    def _run(
        self,
        target: Any,
        seeds: Any,
        wanted: set[int],
        sink: Callable[[Variable, Array], None] | None,
        update: Callable[[Variable], Update | None] | None = None,
    ) -> dict[int, Array]:
        if self._used and not self._persistent:
            raise GradientError(
                "this tape has given its gradients and freed what it recorded: "
                "make it with GradientTape(persistent=True) to ask more than once"
            )
        self._used = True
        gradients = _seed(target, seeds)
        keep = wanted | (set(self._variables) if sink else set())
        last_use = self._last_uses() if sink else {}
        behind = dependents(self._records, keep) if self._holds_gradients else None
        for index in range(len(self._records) - 1, -1, -1):
            record = self._records[index]
            assert record is not None
            if not self._persistent:
                self._records[index] = None
            final = last_use.pop(index, ())
            lone = [self._variables[key] for key in final if key not in gradients] if update else []
            if behind is not None and record.backward is _refuse_second_order and behind.isdisjoint(record.inputs):
                continue
            _step_back(record, gradients, keep, lone, update)
            if sink:
                for key in final:
                    if key in gradients:
                        sink(self._variables[key], np.asarray(gradients.pop(key), order="C"))
        if not self._persistent:
            self._records.clear()
        return gradients

    def _last_uses(self) -> dict[int, list[int]]:
        """For each record index, the variables whose gradient is final once that record has been passed backwards."""
        first_index: dict[int, int] = {}
        for index, record in enumerate(self._records):
            assert record is not None
            for key in record.inputs:
                if key is not None and key in self._variables:
                    first_index.setdefault(key, index)
        uses: dict[int, list[int]] = {}
        for key, index in first_index.items():
            uses.setdefault(index, []).append(key)
        return uses


class StepTape(GradientTape):
    """A tape of our own training step, during which nobody writes to the batch."""

    arrays_change = False


def record(name: str, inputs: Sequence[Any], outputs: Sequence[Tensor], backward: Backward) -> None:
    """Notes an op on every active tape that follows one of its inputs."""
    for tape in _active.tapes:
        tape._record(name, inputs, outputs, backward)


def is_recording() -> bool:
    """Whether a tape is active: then nothing may be used again that was computed before it began."""
    return bool(_active.tapes)


def settled(array: Array) -> Array:
    """The array, or a copy where a tape records and somebody may write to it before the gradient is asked for."""
    disturbed = array.flags.writeable and any(tape.arrays_change for tape in _active.tapes)
    return np.array(array) if disturbed else array


def no_tape() -> _NoTape:
    """Inside, nothing is recorded."""
    return _NoTape()


class _NoTape:
    """What `no_tape` gives: every prediction enters one, and a generator's context takes twice as long."""

    def __enter__(self) -> None:
        self._tapes = _active.tapes
        _active.tapes = []

    def __exit__(self, *exception: object) -> None:
        _active.tapes = self._tapes


def _seed(target: Any, seeds: Any) -> dict[int, Array]:
    targets = _flatten(target)
    given = [None] * len(targets) if seeds is None else _flatten(seeds)
    if len(given) != len(targets):
        raise ShapeError(f"output_gradients has {len(given)} entries for {len(targets)} targets: give one for each")
    gradients: dict[int, Array] = {}
    for one, seed in zip(targets, given, strict=True):
        if not isinstance(one, (Tensor, Variable)):
            raise DTypeError(f"the target of a gradient is a Tensor computed inside the tape, not {type(one).__name__}")
        array = np.ones(one.shape, one.dtype) if seed is None else np.asarray(as_array(seed), one.dtype)
        if array.shape != one.shape:
            raise ShapeError(f"output_gradients has shape {array.shape} for a target of shape {one.shape}")
        gradients[one._key] = gradients[one._key] + array if one._key in gradients else array
    return gradients


def _step_back(
    record: Record,
    gradients: dict[int, Array],
    keep: set[int],
    lone: Sequence[Variable],
    update: Callable[[Variable], Update | None] | None,
) -> None:
    """Takes the gradients of a record's outputs to its inputs.

    `lone` are the variables whose whole gradient this record gives: no later one added to it, no earlier one will.
    """
    coming = [gradients.get(key) if key in keep else gradients.pop(key, None) for key in record.outputs]
    if all(gradient is None for gradient in coming):
        return
    for variable, version in record.versions:
        if variable.version != version:
            raise GradientError(
                f"variable '{variable.path}' was changed after op '{record.name}' used it: "
                "compute the gradients before you assign to it"
            )
    going = record.backward(coming[0] if len(coming) == 1 else tuple(coming))
    if not isinstance(going, tuple):
        going = (going,)
    spent = _spend(record, going, lone, update) if update and lone else None
    for key, gradient in zip(record.inputs, going, strict=True):
        if key is None or gradient is None or gradient is spent:
            continue
        array = gradient() if callable(gradient) else gradient
        if array is not None:
            gradients[key] = gradients[key] + array if key in gradients else array


def _spend(
    record: Record,
    going: tuple[Any, ...],
    lone: Sequence[Variable],
    update: Callable[[Variable], Update | None],
) -> SpendableGradient | None:
    """Spends a gradient of the record on the update of its variable, if there is one that may be. It comes before the
    record's other gradients, because those may have to be computed with the weights as they were."""
    by_key = {variable._key: variable for variable in lone}
    for key, gradient in zip(record.inputs, going, strict=True):
        if not isinstance(gradient, SpendableGradient) or key not in by_key or record.inputs.count(key) > 1:
            continue
        variable = by_key[key]
        change = update(variable) if gradient.weights is variable.array else None
        if change is not None:
            gradient.spend(change, [other is not None for other in record.inputs])
            return gradient
    return None


def _refuse_second_order(*_: Any) -> None:
    raise GradientError(
        "gradients of gradients are not supported, and this one depends on what tape.gradient gave inside the tape: "
        "compute that outside the outer tape, pass it through kinema.ops.stop_gradient to use it as a constant, or "
        "penalise differences of outputs in its place"
    )


def _flatten(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        return [leaf for value in structure.values() for leaf in _flatten(value)]
    if isinstance(structure, (list, tuple)):
        return [leaf for value in structure for leaf in _flatten(value)]
    return [structure]


def _unflatten(structure: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(structure, dict):
        return {name: _unflatten(value, leaves) for name, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(_unflatten(value, leaves) for value in structure)
    return next(leaves)
