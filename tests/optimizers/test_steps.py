"""Optimisers step by step against their formulas, written out in plain NumPy."""

import copy
import math
import pickle

import numpy as np
import pytest

import kinema
from kinema import optimizers
from kinema.errors import ArgumentError, ShapeError
from kinema.optimizers.schedules import PiecewiseConstantDecay

RNG = np.random.default_rng(7)
START = RNG.normal(size=(3, 5))
GRADIENTS = RNG.normal(size=(6, 3, 5))
RATE = 0.125  # exact in single precision


def sgd(w, gradients):
    for g in gradients:
        w = w - RATE * g
    return w


def momentum(w, gradients):
    v = 0
    for g in gradients:
        v = 0.9 * v - RATE * g
        w = w + v
    return w


def nesterov(w, gradients):
    v = 0
    for g in gradients:
        v = 0.9 * v - RATE * g
        w = w + 0.9 * v - RATE * g
    return w


def rmsprop(w, gradients):
    s = 0
    for g in gradients:
        s = 0.9 * s + 0.1 * g * g
        w = w - RATE * g / np.sqrt(s + 1e-7)
    return w


def rmsprop_centered_with_momentum(w, gradients):
    s, a, v = 0, 0, 0
    for g in gradients:
        s = 0.75 * s + 0.25 * g * g
        a = 0.75 * a + 0.25 * g
        v = 0.5 * v + RATE * g / np.sqrt(s - a * a + 1e-3)
        w = w - v
    return w


def adam(w, gradients):
    m, v = 0, 0
    for t, g in enumerate(gradients, 1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        w = w - RATE * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
    return w


def amsgrad(w, gradients):
    m, v, largest = 0, 0, 0
    for t, g in enumerate(gradients, 1):
        m = 0.5 * m + 0.5 * g
        v = 0.25 * v + 0.75 * g * g
        largest = np.maximum(largest, v)
        w = w - RATE * math.sqrt(1 - 0.25**t) / (1 - 0.5**t) * m / (np.sqrt(largest) + 1e-7)
    return w


def adamw(w, gradients):
    m, v = 0, 0
    for t, g in enumerate(gradients, 1):
        w = w - w * RATE * 0.25
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        w = w - RATE * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
    return w


def nadam(w, gradients):
    m, v, product = 0, 0, 1
    for t, g in enumerate(gradients, 1):
        now, ahead = 0.9 * (1 - 0.5 * 0.96**t), 0.9 * (1 - 0.5 * 0.96 ** (t + 1))
        product *= now
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        mean = ahead * m / (1 - product * ahead) + (1 - now) * g / (1 - product)
        w = w - RATE * mean / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
    return w


def adamax(w, gradients):
    m, u = 0, 0
    for t, g in enumerate(gradients, 1):
        m = 0.9 * m + 0.1 * g
        u = np.maximum(0.75 * u, np.abs(g))
        w = w - RATE / (1 - 0.9**t) * m / (u + 1e-7)
    return w


def adagrad(w, gradients):
    s = 0.1
    for g in gradients:
        s = s + g * g
        w = w - RATE * g / np.sqrt(s + 1e-7)
    return w


def adadelta(w, gradients):
    s, d = 0, 0
    for g in gradients:
        s = 0.95 * s + 0.05 * g * g
        step = g * np.sqrt((d + 1e-3) / (s + 1e-3))
        d = 0.95 * d + 0.05 * step * step
        w = w - RATE * step
    return w


def lion(w, gradients):
    m = 0
    for g in gradients:
        w = w - w * RATE * 0.25 - RATE * np.sign(0.9 * m + 0.1 * g)
        m = 0.99 * m + 0.01 * g
    return w


def ftrl(w, gradients, power=0.5):
    s, z = 0.5, 0
    for g in gradients:
        grown = s + g * g
        z = z + g + 2 * 0.25 * w - (grown**power - s**power) / RATE * w
        s = grown
        w = (np.clip(z, -0.125, 0.125) - z) / (s**power / RATE + 2 * (0.5 + 0.75 / (2 * RATE)))
    return w


def ftrl_with_another_power(w, gradients):
    return ftrl(w, gradients, power=0.75)


FTRL = {
    "initial_accumulator_value": 0.5,
    "l1_regularization_strength": 0.125,
    "l2_regularization_strength": 0.5,
    "l2_shrinkage_regularization_strength": 0.25,
    "beta": 0.75,
}
CASES = [
    pytest.param(lambda: optimizers.SGD(RATE), sgd, [], id="sgd"),
    pytest.param(lambda: optimizers.SGD(RATE, momentum=0.9), momentum, ["momentum"], id="momentum"),
    pytest.param(lambda: optimizers.SGD(RATE, 0.9, nesterov=True), nesterov, ["momentum"], id="nesterov"),
    pytest.param(lambda: optimizers.RMSprop(RATE), rmsprop, ["velocity"], id="rmsprop"),
    pytest.param(
        lambda: optimizers.RMSprop(RATE, rho=0.75, momentum=0.5, epsilon=1e-3, centered=True),
        rmsprop_centered_with_momentum,
        ["velocity", "momentum", "average_gradient"],
        id="rmsprop centered",
    ),
    pytest.param(lambda: optimizers.Adam(RATE), adam, ["momentum", "velocity"], id="adam"),
    pytest.param(
        lambda: optimizers.Adam(RATE, beta_1=0.5, beta_2=0.25, amsgrad=True),
        amsgrad,
        ["momentum", "velocity", "velocity_hat"],
        id="amsgrad",
    ),
    pytest.param(lambda: optimizers.AdamW(RATE, weight_decay=0.25), adamw, ["momentum", "velocity"], id="adamw"),
    pytest.param(lambda: optimizers.Adamax(RATE, beta_2=0.75), adamax, ["momentum", "norm"], id="adamax"),
    pytest.param(lambda: optimizers.Adagrad(RATE), adagrad, ["accumulator"], id="adagrad"),
    pytest.param(
        lambda: optimizers.Adadelta(RATE, epsilon=1e-3),
        adadelta,
        ["accumulated_grad", "accumulated_delta_var"],
        id="adadelta",
    ),
    pytest.param(lambda: optimizers.Lion(RATE, weight_decay=0.25), lion, ["momentum"], id="lion"),
    pytest.param(lambda: optimizers.Ftrl(RATE, **FTRL), ftrl, ["accumulator", "linear"], id="ftrl"),
    pytest.param(
        lambda: optimizers.Ftrl(RATE, -0.75, **FTRL),
        ftrl_with_another_power,
        ["accumulator", "linear"],
        id="ftrl with another power",
    ),
    pytest.param(lambda: optimizers.Nadam(RATE), nadam, ["momentum", "velocity", None], id="nadam"),
]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
@pytest.mark.parametrize(("make", "formula", "slots"), CASES)
def test_six_steps(make, formula, slots, dtype, tolerance):
    optimizer, w = make(), kinema.Variable(START, dtype=dtype, name="kernel")
    for step, gradient in enumerate(GRADIENTS, 1):
        version = w.version
        assert optimizer.apply_gradients([(gradient.astype(dtype), w)]) == step
        assert w.version > version
    np.testing.assert_allclose(w.numpy(), formula(START, GRADIENTS), rtol=tolerance, atol=tolerance)
    names = [variable.name for variable in optimizer.variables]
    assert names == ["iteration", "learning_rate", *(f"kernel_{slot}" if slot else "variable" for slot in slots)]


@pytest.mark.parametrize(("make", "formula", "slots"), CASES)
def test_one_by_one_is_the_same_as_together(make, formula, slots):
    together = [kinema.Variable(START, name="a"), kinema.Variable(START[0], name="b")]
    apart = [kinema.Variable(START, name="a"), kinema.Variable(START[0], name="b")]
    first, second = make(), make()
    second.build(apart)
    for gradient in GRADIENTS:
        gradients = [gradient, gradient[0]]
        first.apply(gradients, together)
        second.begin_step()
        for i in (1, 0):
            second.update_variable(gradients[i], apart[i])
        second.end_step()
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_slots_stand_in_keras_order():
    a, b = kinema.Variable(np.zeros(1), name="a"), kinema.Variable(np.zeros(1), name="b")
    a.path = "model/dense/a"
    optimizer = optimizers.Adam(amsgrad=True)
    optimizer.build([a, b])
    assert [variable.path for variable in optimizer.variables[2:]] == [
        "adam/model_dense_a_momentum",
        "adam/model_dense_a_velocity",
        "adam/b_momentum",
        "adam/b_velocity",
        "adam/model_dense_a_velocity_hat",
        "adam/b_velocity_hat",
    ]


def test_nadams_product_stands_last_and_waits_for_the_step_that_changes_weights():
    optimizer = optimizers.Nadam(beta_1=0.5, gradient_accumulation_steps=2)
    w = kinema.Variable(np.zeros(1), name="w")
    products = []
    for _ in range(4):
        optimizer.apply([np.ones(1)], [w])
        products.append(float(optimizer.variables[-1].numpy()))
    assert optimizer.variables[-1].path == "nadam/variable"
    assert optimizer.variables[-1].dtype == w.dtype
    np.testing.assert_allclose(products, [1.0, 0.26, 0.26, 0.26 * 0.5 * (1 - 0.5 * 0.96**2)], rtol=1e-12)


def test_sums_begin_with_their_first_value():
    w = kinema.Variable(np.zeros((2, 3)), name="w", dtype="float32")
    for cls in (optimizers.Adagrad, optimizers.Ftrl):
        optimizer = cls(initial_accumulator_value=0.25)
        optimizer.build([w])
        np.testing.assert_array_equal(optimizer.variables[2].numpy(), np.full((2, 3), 0.25, "float32"))
        assert all(not slot.numpy().any() for slot in optimizer.variables[3:])


def test_a_schedule_gives_each_step_its_rate():
    w = kinema.Variable(np.zeros(1))
    optimizer = optimizers.SGD(PiecewiseConstantDecay([0, 1], [1.0, 0.5, 0.25]))
    seen = []
    for _ in range(3):
        optimizer.apply([np.ones(1)], [w])
        seen.append(float(w.numpy()[0]))
    assert seen == [-1.0, -1.5, -1.75]
    assert optimizer.iterations == 3


def stepped(gradients, **options):
    variables = [kinema.Variable(np.zeros(np.shape(gradient))) for gradient in gradients]
    optimizers.SGD(1.0, **options).apply([np.asarray(gradient, float) for gradient in gradients], variables)
    return [-variable.numpy() for variable in variables]


def test_clipping():
    gradients = [[3.0, -4.0], [0.3, 0.4]]
    np.testing.assert_allclose(stepped(gradients, clipvalue=0.35)[0], [0.35, -0.35])
    np.testing.assert_allclose(stepped(gradients, clipvalue=0.35)[1], [0.3, 0.35])
    np.testing.assert_allclose(stepped(gradients, clipnorm=1.0), [[0.6, -0.8], [0.3, 0.4]])
    norm = math.sqrt(25.25)
    np.testing.assert_allclose(stepped(gradients, global_clipnorm=1.0), np.array(gradients) / norm)
    np.testing.assert_allclose(stepped(gradients, global_clipnorm=6.0), gradients)


def test_clipping_leaves_the_gradient_alone():
    gradient = np.array([3.0, -4.0])
    gradient.flags.writeable = False
    w = kinema.Variable(np.zeros(2))
    for options in ({"clipvalue": 1.0}, {"clipnorm": 1.0}, {"global_clipnorm": 1.0}):
        optimizers.SGD(**options).apply([gradient], [w])
    np.testing.assert_array_equal(gradient, [3.0, -4.0])


def test_only_the_global_norm_needs_all_gradients():
    assert optimizers.SGD(global_clipnorm=1.0).needs_all_gradients
    assert not optimizers.SGD(clipnorm=1.0).needs_all_gradients


def test_weight_decay_comes_before_the_step():
    w = kinema.Variable(np.array([2.0]))
    optimizers.SGD(0.5, weight_decay=0.5).apply([np.array([1.0])], [w])
    assert w.numpy() == 2.0 - 2.0 * 0.25 - 0.5


def test_weight_decay_spares_what_is_excluded():
    names = ("kernel", "bias", "gamma")
    variables = [kinema.Variable(np.array([2.0]), name=name) for name in names]
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=variables[2:], var_names=["bi.s"])
    optimizer.apply([np.zeros(1)] * 3, variables)
    assert [float(variable.numpy()[0]) for variable in variables] == [1.5, 2.0, 2.0]
    with pytest.raises(ArgumentError, match=r"exclude_from_weight_decay comes before training"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_constraints_hold_after_the_step():
    w = kinema.Variable(np.array([0.25, 1.0]), constraint=kinema.constraints.NonNeg())
    optimizers.SGD(1.0).apply([np.ones(2)], [w])
    np.testing.assert_array_equal(w.numpy(), [0.0, 0.0])


def test_strided_and_single_precision_gradients_are_taken():
    w = kinema.Variable(np.zeros((2, 3)))
    optimizers.SGD(1.0).apply([np.ones((3, 4), "float32").T[:2]], [w])
    np.testing.assert_array_equal(w.numpy(), -np.ones((2, 3)))


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [(optimizers.SGD(0.5), 0.0), (optimizers.Adam(0.5), 0.5), (optimizers.SGD(0.5, clipnorm=1.0), 0.5)],
)
def test_a_single_number_is_trained(optimizer, expected):
    class Scale(kinema.layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

        def call(self, inputs):
            return inputs * self.factor

    model = kinema.Sequential([kinema.Input((2,)), Scale()])
    model.compile(optimizer, "mse")
    model.train_on_batch(np.ones((3, 2), "float32"), np.zeros((3, 2), "float32"))
    assert model.layers[0].factor.shape == ()
    assert float(model.layers[0].factor) == pytest.approx(expected, abs=1e-5)


def test_missing_gradients():
    a, b = kinema.Variable(np.zeros(1), name="a"), kinema.Variable(np.zeros(1), name="b")
    with pytest.warns(UserWarning, match=r"no gradient reaches b: they stay as they are"):
        optimizers.SGD(1.0).apply([np.ones(1), None], [a, b])
    assert (a.numpy(), b.numpy()) == (-1.0, 0.0)
    with pytest.raises(ArgumentError, match=r"no gradient was given for any variable: was the loss computed inside"):
        optimizers.SGD().apply([None], [a])


def test_mistakes_are_explained():
    a, b = kinema.Variable(np.zeros(2), name="a"), kinema.Variable(np.zeros(2), name="b")
    optimizer = optimizers.SGD()
    with pytest.raises(ShapeError, match=r"1 gradients came for 2 variables"):
        optimizer.apply([np.ones(2)], [a, b])
    optimizer.build([a])
    with pytest.raises(ArgumentError, match=r"SGD does not know variable 'b': .*Compile the model again"):
        optimizer.apply([np.ones(2)], [b])
    with pytest.raises(ShapeError, match=r"the gradient of 'a' has shape \(3,\), the variable has \(2,\)"):
        optimizer.apply([np.ones(3)], [a])
    with pytest.raises(ShapeError, match=r"SGD has 2 variables, 1 arrays came"):
        optimizer.set_weights([np.zeros(())])


def test_the_state_can_be_carried_over():
    def trained(optimizer, w, gradients):
        for gradient in gradients:
            optimizer.apply([gradient], [w])
        return w.numpy()

    straight = trained(optimizers.Adam(RATE), kinema.Variable(START), GRADIENTS)
    first, w = optimizers.Adam(RATE), kinema.Variable(START)
    half = trained(first, w, GRADIENTS[:3])
    again, w_again = optimizers.Adam(), kinema.Variable(half)
    again.build([w_again])
    again.set_weights(first.get_weights())
    np.testing.assert_array_equal(trained(again, w_again, GRADIENTS[3:]), straight)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_train_on_by_themselves(copied):
    optimizer, w = optimizers.Adam(RATE), kinema.Variable(START)
    optimizer.apply([GRADIENTS[0]], [w])
    twin, twin_w = copied((optimizer, w))
    for each, variable in ((optimizer, w), (twin, twin_w)):
        each.apply([GRADIENTS[1]], [variable])
    np.testing.assert_array_equal(twin_w.numpy(), w.numpy())
    assert twin.iterations == 2


def test_optimizers_of_the_user():
    class Signed(optimizers.Optimizer):
        def __init__(self, learning_rate=0.5, **options):
            super().__init__(learning_rate, **options)

        def build(self, variables):
            if not self.built:
                super().build(variables)
                self.counts = self.add_optimizer_variables(variables, "count")

        def update_step(self, gradient, variable, learning_rate):
            self.assign_add(self.counts[self._get_variable_index(variable)], np.ones(variable.shape))
            self.assign_sub(variable, learning_rate * np.sign(gradient))

    w = kinema.Variable(np.zeros(2), name="w")
    optimizer = Signed()
    for _ in range(2):
        optimizer.apply([np.array([3.0, -2.0])], [w])
    np.testing.assert_array_equal(w.numpy(), [-1.0, 1.0])
    np.testing.assert_array_equal(optimizer.variables[-1].numpy(), [2.0, 2.0])


def test_slots_are_made_as_in_keras():
    variables = [kinema.Variable(np.zeros(3), name="a"), kinema.Variable(np.zeros((2, 2)), name="b")]
    optimizer = optimizers.SGD()
    ones, threes = optimizer.add_optimizer_variables(variables, ["one", "three"], ["ones", "zeros"])
    alone = optimizer.add_variable((2,), "ones", "float64", name="alone")
    assert [slot.name for slot in optimizer.variables[2:]] == ["a_one", "a_three", "b_one", "b_three", "alone"]
    assert [slot.shape for slot in threes] == [(3,), (2, 2)]
    np.testing.assert_array_equal(ones[1].numpy(), np.ones((2, 2)))
    assert alone.dtype == np.float64
