"""Tensors, variables and what a tape promises."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest

from kinema import GradientTape, Tensor, Variable, layers, losses, ops
from kinema.autograd import no_tape
from kinema.errors import ArgumentError, DTypeError, GradientError, ShapeError
from kinema.ops._contract import differentiable


@pytest.mark.parametrize("use", ["op", "tensor", "layer", "loss"])
def test_arrays_that_change_after_their_use_change_no_gradient(use):
    array = np.array([[1.0, 2.0, 3.0]], np.float32)
    w = Variable(np.ones((1, 3), np.float32))
    dense = layers.Dense(1, use_bias=False)
    dense.build((None, 3))
    tensor = ops.convert_to_tensor(array)
    with GradientTape() as tape:
        if use == "op":
            loss = ops.sum(w * array)
        elif use == "tensor":
            loss = ops.sum(w * tensor)
        elif use == "layer":
            loss = ops.sum(dense(array))
        else:
            loss = losses.MeanSquaredError(reduction="sum")(array, w)
    array[:] = 100
    (gradient,) = tape.gradient(loss, [dense.kernel if use == "layer" else w])
    expected = [0.0, -2 / 3, -4 / 3] if use == "loss" else [1.0, 2.0, 3.0]
    np.testing.assert_allclose(gradient.numpy().ravel(), expected, rtol=1e-6)


def test_a_tensor_cannot_be_written_to() -> None:
    tensor = ops.convert_to_tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        tensor.numpy()[0] = 5


def test_a_tensor_takes_part_in_numpy() -> None:
    tensor = ops.convert_to_tensor([1.0, 2.0])
    np.testing.assert_array_equal(np.asarray(tensor), [1, 2])
    assert np.asarray(tensor, dtype=np.float64).dtype == np.float64
    np.testing.assert_array_equal(np.exp(tensor), np.exp(np.float32([1, 2])))
    assert len(tensor) == 2
    assert float(tensor[1]) == 2.0
    assert [float(value) for value in tensor] == [1.0, 2.0]


def test_a_single_number_formats_as_one() -> None:
    loss = Tensor(0.125)
    assert f"{loss:.2f}" == "0.12"
    assert f"{loss}" == repr(loss)


def test_a_variable_gives_copies_and_counts_its_changes() -> None:
    w = Variable(np.zeros(2), name="w")
    copy, value = w.numpy(), w.value
    copy[0] = 9
    w.assign([1.0, 2.0])
    w.assign_add([1.0, 1.0])
    w.assign_sub([0.0, 1.0])
    np.testing.assert_array_equal(w.numpy(), [2, 2])
    np.testing.assert_array_equal(value.numpy(), [0, 0])
    assert w.version == 3


def test_assigning_another_shape_says_which_variable() -> None:
    w = Variable(np.zeros(2), name="w")
    with pytest.raises(ShapeError, match=r"shape \(3,\) to variable 'w' of shape \(2,\)"):
        w.assign([1.0, 2.0, 3.0])


def test_a_pickled_variable_is_another_variable_with_the_same_value() -> None:
    w = Variable([1.0, 2.0], name="w")
    copy = pickle.loads(pickle.dumps(w))
    copy.assign([5.0, 5.0])
    np.testing.assert_array_equal(w.numpy(), [1, 2])
    with GradientTape() as tape:
        loss = ops.sum(copy * w)
    np.testing.assert_array_equal(tape.gradient(loss, w), [5, 5])


def test_a_tensor_made_of_a_variable_keeps_its_value() -> None:
    """Views of a variable would change under the reader when it is trained."""
    w = Variable(np.arange(4.0))
    views = [ops.reshape(w, (2, 2)), ops.transpose(w), w[1:], ops.convert_to_tensor(w), ops.stop_gradient(w)]
    before = [view.numpy().copy() for view in views]
    w.assign(np.full(4, 9.0))
    for view, value in zip(views, before, strict=True):
        np.testing.assert_array_equal(view.numpy(), value)


def test_trainable_variables_are_followed_by_themselves() -> None:
    w, frozen = Variable([3.0]), Variable([2.0], trainable=False)
    with GradientTape() as tape:
        loss = w * w * frozen
    gradients = tape.gradient(loss, [w, frozen])
    np.testing.assert_array_equal(gradients[0].numpy(), [12])
    assert gradients[1] is None


def test_watch_accessed_variables_false_follows_only_what_is_watched() -> None:
    w, v = Variable([3.0]), Variable([2.0])
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(v)
        loss = w * v
    gradients = tape.gradient(loss, {"w": w, "v": v})
    assert gradients["w"] is None
    np.testing.assert_array_equal(gradients["v"].numpy(), [3])


def test_other_tensors_are_followed_after_watch() -> None:
    x, y = ops.convert_to_tensor([1.0, 2.0]), ops.convert_to_tensor([3.0, 4.0])
    with GradientTape() as tape:
        tape.watch([x])
        loss = ops.sum(x * y)
    gradients = tape.gradient(loss, (x, y))
    assert isinstance(gradients, tuple)
    np.testing.assert_array_equal(gradients[0].numpy(), [3, 4])
    assert gradients[1] is None


def test_watch_refuses_arrays() -> None:
    with GradientTape() as tape, pytest.raises(DTypeError, match=r"not ndarray: wrap the array .*convert_to_tensor"):
        tape.watch(np.zeros(2))


def test_sources_must_be_tensors() -> None:
    w = Variable([1.0])
    with GradientTape() as tape:
        loss = w * w
    with pytest.raises(DTypeError, match="sources are Tensors or Variables, not ndarray"):
        tape.gradient(loss, [np.zeros(1)])


def test_the_target_must_be_a_tensor() -> None:
    w = Variable([1.0])
    with GradientTape() as tape:
        w * w
    with pytest.raises(DTypeError, match="target of a gradient is a Tensor computed inside the tape, not float"):
        tape.gradient(3.0, [w])


def test_unconnected_sources_give_none_or_zeros() -> None:
    w, other = Variable([1.0]), Variable(np.ones((2, 3), np.float32))
    with GradientTape(persistent=True) as tape:
        loss = w * w
    assert tape.gradient(loss, other) is None
    zeros = tape.gradient(loss, other, unconnected_gradients="zero")
    assert (zeros.shape, zeros.dtype) == ((2, 3), np.float32)
    assert not zeros.numpy().any()
    with pytest.raises(ArgumentError, match="unconnected_gradients is 'none' or 'zero', not 'nothing'"):
        tape.gradient(loss, other, unconnected_gradients="nothing")


def test_a_tape_gives_gradients_once() -> None:
    w = Variable([2.0])
    with GradientTape() as tape:
        loss = w * w
    tape.gradient(loss, w)
    with pytest.raises(GradientError, match=r"GradientTape\(persistent=True\)"):
        tape.gradient(loss, w)


def test_a_persistent_tape_gives_them_again() -> None:
    w = Variable([2.0])
    with GradientTape(persistent=True) as tape:
        square = w * w
        cube = square * w
    for _ in range(2):
        np.testing.assert_array_equal(tape.gradient(square, w).numpy(), [4])
        np.testing.assert_array_equal(tape.gradient(cube, w).numpy(), [12])


def test_reset_forgets() -> None:
    w = Variable([2.0])
    with GradientTape() as tape:
        loss = w * w
        tape.reset()
        kept = w * 3
    np.testing.assert_array_equal(tape.gradient([loss, kept], w).numpy(), [3])


def test_output_gradients_weigh_the_targets() -> None:
    w = Variable([2.0, 3.0])
    with GradientTape(persistent=True) as tape:
        a, b = w * w, w * 10
    np.testing.assert_array_equal(
        tape.gradient([a, b], w, output_gradients=[np.array([1.0, 0.0]), np.array([0.0, 2.0])]).numpy(), [4, 20]
    )
    with pytest.raises(ShapeError, match="1 entries for 2 targets"):
        tape.gradient([a, b], w, output_gradients=[a])
    with pytest.raises(ShapeError, match=r"shape \(3,\) for a target of shape \(2,\)"):
        tape.gradient(a, w, output_gradients=Tensor(np.ones(3)))


def test_nested_tapes_each_record() -> None:
    x = ops.convert_to_tensor(np.array([2.0]))
    with GradientTape() as outer:
        outer.watch(x)
        y = x * x
        with GradientTape() as inner:
            inner.watch(y)
            z = y * y
        np.testing.assert_array_equal(inner.gradient(z, y).numpy(), [8])
    np.testing.assert_array_equal(outer.gradient(z, x).numpy(), [32])


def test_a_gradient_of_a_gradient_raises() -> None:
    x = ops.convert_to_tensor(np.array([2.0]))
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = x * x
        first = inner.gradient(y, x)
        loss = first * 3
    with pytest.raises(GradientError, match="gradients of gradients are not supported"):
        outer.gradient(loss, x)


def test_a_penalty_on_gradients_raises_where_it_is_asked_for() -> None:
    weight, other = Variable([2.0]), Variable([3.0])
    x = ops.convert_to_tensor([1.0])
    with GradientTape(persistent=True) as outer:
        with GradientTape() as inner:
            inner.watch(x)
            y = x * x * weight
        slope = inner.gradient(y, x)
        penalty = ops.sum(slope * slope * other)
        constant = ops.sum(ops.stop_gradient(slope) * weight)
    with pytest.raises(GradientError, match="depends on what tape.gradient gave inside the tape.*ops.stop_gradient"):
        outer.gradient(penalty, weight)
    np.testing.assert_array_equal(outer.gradient(penalty, other).numpy(), [16])
    np.testing.assert_array_equal(outer.gradient(constant, weight).numpy(), [4])


def test_a_persistent_tape_refuses_the_gradient_of_its_own() -> None:
    x = Variable([2.0])
    with GradientTape(persistent=True) as tape:
        slope = tape.gradient(x * x * x, x)
        twice = slope * 2
    with pytest.raises(GradientError, match="gradients of gradients"):
        tape.gradient(twice, x)


def test_tapes_inside_each_other_on_different_things() -> None:
    first, second, kept = Variable([2.0]), Variable([3.0]), Variable([0.0], trainable=False)
    with GradientTape() as outer:
        far = ops.exp(second)
        with GradientTape() as inner:
            near = first * first * second
        slope = inner.gradient(near, first)
        kept.assign(slope)
        first.assign_sub(slope * 0.1)
        total = far + second * kept + first
    np.testing.assert_allclose(outer.gradient(total, second).numpy(), np.exp([3.0]) + 12, rtol=1e-6)


def test_a_variable_that_changed_is_refused() -> None:
    w = Variable([2.0], name="kernel")
    with GradientTape() as tape:
        loss = w * w
    w.assign([5.0])
    with pytest.raises(GradientError, match="variable 'kernel' was changed after op 'multiply' used it"):
        tape.gradient(loss, w)


def test_no_tape_stops_recording() -> None:
    w = Variable([2.0])
    with GradientTape() as tape:
        with no_tape():
            constant = w * w
        loss = constant * w
    np.testing.assert_array_equal(tape.gradient(loss, w).numpy(), [4])


def test_stop_gradient_is_a_constant() -> None:
    w = Variable([2.0])
    with GradientTape() as tape:
        loss = ops.stop_gradient(w * w) * w
    np.testing.assert_array_equal(tape.gradient(loss, w).numpy(), [4])


def test_tapes_of_other_threads_do_not_record() -> None:
    w = Variable([2.0])
    with GradientTape() as tape:
        results: list[Tensor] = []
        thread = threading.Thread(target=lambda: results.append(w * w))
        thread.start()
        thread.join()
        loss = results[0] * w
    np.testing.assert_array_equal(tape.gradient(loss, w).numpy(), [4])


def test_the_sink_gets_each_variable_once_last_used_first() -> None:
    first, second = Variable([2.0], name="first"), Variable([3.0], name="second")
    with GradientTape() as tape:
        loss = ops.sum(ops.exp(first) * second)
    seen: list[tuple[str, float]] = []
    tape.backward(loss, lambda variable, gradient: seen.append((variable.name, float(gradient[0]))))
    assert [name for name, _ in seen] == ["second", "first"]
    np.testing.assert_allclose([value for _, value in seen], [np.exp(2), 3 * np.exp(2)], rtol=1e-6)


def test_the_sink_gets_a_gradient_before_earlier_ops_run_backwards() -> None:
    events: list[str] = []

    @differentiable
    def layer(x, w):
        def backward(dy):
            events.append("backward")
            return dy * w, dy * x

        return x * w, backward

    a, b = Variable([2.0], name="a"), Variable([3.0], name="b")
    with GradientTape() as tape:
        loss = layer(layer([1.0], a), b)
    tape.backward(loss, lambda variable, gradient: events.append(variable.name))
    assert events == ["backward", "b", "backward", "a"]


def test_a_shared_variable_gets_its_summed_gradient_once() -> None:
    w = Variable([2.0])
    with GradientTape() as tape:
        loss = w * w * w
    seen: list[float] = []
    tape.backward(loss, lambda variable, gradient: seen.append(float(gradient[0])))
    assert seen == [12.0]


def test_a_variable_updated_by_the_sink_does_not_disturb_the_rest() -> None:
    """The training loop updates a layer while the layers before it still wait for their gradients."""
    a, b = Variable([2.0], name="a"), Variable([3.0], name="b")
    with GradientTape() as tape:
        loss = ops.sum((a * b) * b)
    seen: dict[str, float] = {}

    def update(variable: Variable, gradient: np.ndarray) -> None:
        seen[variable.name] = float(gradient[0])
        variable.assign_sub(gradient)

    tape.backward(loss, update)
    assert seen == {"b": 12.0, "a": 9.0}


def test_the_sink_gets_contiguous_gradients() -> None:
    w = Variable(np.ones((3, 4)))
    scalar = Variable(np.float32(2))
    with GradientTape() as tape:
        loss = ops.sum(ops.transpose(w)) * scalar
    gradients = {}
    tape.backward(loss, lambda variable, gradient: gradients.update({variable.shape: gradient}))
    assert gradients[(3, 4)].flags.c_contiguous
    assert gradients[()].shape == ()
    assert gradients[()].dtype == np.float32


def test_frozen_variables_stay_out_of_the_sink() -> None:
    frozen, w = Variable([2.0], trainable=False, name="frozen"), Variable([3.0], name="w")
    with GradientTape() as tape:
        loss = frozen * w
    seen: list[str] = []
    tape.backward(loss, lambda variable, gradient: seen.append(variable.name))
    assert seen == ["w"]


def test_a_gradient_nobody_wants_is_not_computed() -> None:
    @differentiable
    def op(x, w):
        def unwanted():
            raise AssertionError("computed the gradient of a constant")

        return x * w, lambda dy: (unwanted, lambda: dy * x)

    w = Variable([3.0])
    with GradientTape() as tape:
        loss = op(np.float32([2.0]), w)
    np.testing.assert_array_equal(tape.gradient(loss, w).numpy(), [2])


def test_several_outputs_give_none_for_the_unused() -> None:
    received: list[tuple[bool, bool]] = []

    @differentiable
    def both(x):
        def backward(gradients):
            received.append((gradients[0] is None, gradients[1] is None))
            return gradients[1] * 5

        return (x * 2, x * 5), backward

    x = ops.convert_to_tensor([1.0])
    with GradientTape() as tape:
        tape.watch(x)
        _, second = both(x)
    np.testing.assert_array_equal(tape.gradient(second, x).numpy(), [5])
    assert received == [(True, False)]


def test_intermediate_tensors_can_be_sources() -> None:
    w = Variable([2.0])
    with GradientTape() as tape:
        hidden = w * w
        loss = hidden * 3
    gradients = tape.gradient(loss, [hidden, w])
    np.testing.assert_array_equal(gradients[0].numpy(), [3])
    np.testing.assert_array_equal(gradients[1].numpy(), [12])


def test_the_tape_frees_what_it_held() -> None:
    import gc
    import weakref

    w = Variable(np.ones(3))
    with GradientTape() as tape:
        hidden = ops.exp(w)
        alive = weakref.ref(hidden)
        loss = ops.sum(hidden)
    del hidden
    tape.gradient(loss, w)
    gc.collect()
    assert alive() is None
