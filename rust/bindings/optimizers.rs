//! Updates of weights in place.

use super::support::{FloatArray, FloatArrayMut, PyElement, compute, for_dtype, to_python, try_compute};
use crate::error::KernelError;
use crate::kernels::optimizers::{
    self, Adadelta, Adagrad, Adam, Adamax, Ftrl, Lion, Momentum, Nadam, RmsProp, SLOTS, Sgd, Weights,
};
use pyo3::prelude::*;

/// An optimiser's rule for one array of weights, with the arrays that it keeps beside them.
#[pyclass(frozen, module = "kinema._rust")]
pub struct UpdateRule {
    kind: Kind,
    slots: [Option<Py<PyAny>>; SLOTS],
}

#[derive(Clone, Copy)]
enum Kind {
    Sgd(Sgd),
    Momentum(Momentum),
    RmsProp(RmsProp),
    Adam(Adam),
    Nadam(Nadam),
    Adamax(Adamax),
    Adagrad(Adagrad),
    Adadelta(Adadelta),
    Lion(Lion),
    Ftrl(Ftrl),
}

/// The slots of a rule while a kernel has them.
pub struct Slots<'py>([Option<FloatArrayMut<'py>>; SLOTS]);

impl<'py> Slots<'py> {
    /// Weights and slots as a kernel takes them.
    pub fn beside<'a, T: PyElement>(&'a mut self, w: &'a mut [T]) -> PyResult<Weights<'a, T>> {
        let mut slots = [const { None }; SLOTS];
        for (slot, array) in slots.iter_mut().zip(&mut self.0) {
            *slot = array.as_mut().map(|array| array.elements::<T>("update", "a slot")).transpose()?;
        }
        Ok(Weights { w, slots: slots.map(Option::unwrap_or_default) })
    }
}

impl UpdateRule {
    /// The rule for elements of type T.
    pub fn rule<T: PyElement>(&self) -> &dyn optimizers::UpdateRule<T> {
        match &self.kind {
            Kind::Sgd(rule) => rule,
            Kind::Momentum(rule) => rule,
            Kind::RmsProp(rule) => rule,
            Kind::Adam(rule) => rule,
            Kind::Nadam(rule) => rule,
            Kind::Adamax(rule) => rule,
            Kind::Adagrad(rule) => rule,
            Kind::Adadelta(rule) => rule,
            Kind::Lion(rule) => rule,
            Kind::Ftrl(rule) => rule,
        }
    }

    /// Borrows the slots from Python.
    pub fn slots<'py>(&self, py: Python<'py>) -> PyResult<Slots<'py>> {
        let mut slots = [const { None }; SLOTS];
        for (slot, array) in slots.iter_mut().zip(&self.slots) {
            *slot = array.as_ref().map(|array| array.bind(py).extract()).transpose()?;
        }
        Ok(Slots(slots))
    }
}

#[pymethods]
impl UpdateRule {
    /// w -= lr g
    #[staticmethod]
    fn sgd(lr: f64) -> Self {
        Self { kind: Kind::Sgd(Sgd { rate: lr }), slots: [None, None, None] }
    }

    /// v = momentum v - lr g, then w += v, or with `nesterov` w += momentum v - lr g.
    #[staticmethod]
    fn momentum(velocity: Py<PyAny>, lr: f64, momentum: f64, nesterov: bool) -> Self {
        let kind = Kind::Momentum(Momentum { rate: lr, momentum, nesterov });
        Self { kind, slots: [Some(velocity), None, None] }
    }

    /// RMSprop: centered if there is a mean_grad, with momentum if there is a velocity.
    #[staticmethod]
    fn rmsprop(
        mean_square: Py<PyAny>,
        mean_grad: Option<Py<PyAny>>,
        velocity: Option<Py<PyAny>>,
        lr: f64,
        rho: f64,
        momentum: f64,
        epsilon: f64,
    ) -> Self {
        let kind = Kind::RmsProp(RmsProp { rate: lr, rho, momentum, epsilon });
        Self { kind, slots: [Some(mean_square), mean_grad, velocity] }
    }

    /// Adam: AMSGrad if there is a vhat. `step` counts from 1.
    #[staticmethod]
    fn adam(
        m: Py<PyAny>,
        v: Py<PyAny>,
        vhat: Option<Py<PyAny>>,
        lr: f64,
        beta_1: f64,
        beta_2: f64,
        epsilon: f64,
        step: u64,
    ) -> Self {
        let kind = Kind::Adam(Adam { rate: lr, beta_1, beta_2, epsilon, step });
        Self { kind, slots: [Some(m), Some(v), vhat] }
    }

    /// Nadam: `mean_share` and `gradient_share` say what m and g count in a step. `step` counts from 1.
    #[staticmethod]
    fn nadam(
        m: Py<PyAny>,
        v: Py<PyAny>,
        lr: f64,
        beta_1: f64,
        beta_2: f64,
        epsilon: f64,
        step: u64,
        mean_share: f64,
        gradient_share: f64,
    ) -> Self {
        let kind = Kind::Nadam(Nadam { rate: lr, beta_1, beta_2, epsilon, step, mean_share, gradient_share });
        Self { kind, slots: [Some(m), Some(v), None] }
    }

    /// Adamax: u is the largest gradient. `step` counts from 1.
    #[staticmethod]
    fn adamax(m: Py<PyAny>, u: Py<PyAny>, lr: f64, beta_1: f64, beta_2: f64, epsilon: f64, step: u64) -> Self {
        let kind = Kind::Adamax(Adamax { rate: lr, beta_1, beta_2, epsilon, step });
        Self { kind, slots: [Some(m), Some(u), None] }
    }

    /// s += g²; w -= lr g / sqrt(s + epsilon)
    #[staticmethod]
    fn adagrad(sum_of_squares: Py<PyAny>, lr: f64, epsilon: f64) -> Self {
        Self { kind: Kind::Adagrad(Adagrad { rate: lr, epsilon }), slots: [Some(sum_of_squares), None, None] }
    }

    /// Adadelta: running means of the squares of gradients and of steps.
    #[staticmethod]
    fn adadelta(mean_square: Py<PyAny>, mean_square_step: Py<PyAny>, lr: f64, rho: f64, epsilon: f64) -> Self {
        let kind = Kind::Adadelta(Adadelta { rate: lr, rho, epsilon });
        Self { kind, slots: [Some(mean_square), Some(mean_square_step), None] }
    }

    /// w -= lr sign(beta_1 m + (1 - beta_1) g), then m = beta_2 m + (1 - beta_2) g
    #[staticmethod]
    fn lion(m: Py<PyAny>, lr: f64, beta_1: f64, beta_2: f64) -> Self {
        Self { kind: Kind::Lion(Lion { rate: lr, beta_1, beta_2 }), slots: [Some(m), None, None] }
    }

    /// Ftrl: z is the linear part of what the weights minimise.
    #[staticmethod]
    fn ftrl(
        sum_of_squares: Py<PyAny>,
        z: Py<PyAny>,
        lr: f64,
        lr_power: f64,
        l1: f64,
        l2: f64,
        shrinkage: f64,
        beta: f64,
    ) -> Self {
        let kind = Kind::Ftrl(Ftrl { rate: lr, rate_power: lr_power, l1, l2, shrinkage, beta });
        Self { kind, slots: [Some(sum_of_squares), Some(z), None] }
    }

    /// Changes w and the slots by the gradient g.
    fn update(&self, py: Python<'_>, mut w: FloatArrayMut<'_>, g: FloatArray<'_>) -> PyResult<()> {
        let mut slots = self.slots(py)?;
        for_dtype!(g, T => {
            let g = g.view::<T>("update", "g")?.data;
            let weights = slots.beside(w.elements::<T>("update", "w")?)?;
            let rule = self.rule::<T>();
            try_compute(py, || optimizers::update(rule, weights, g))
        })
    }
}

/// w -= w factor
#[pyfunction]
pub fn weight_decay(py: Python<'_>, mut w: FloatArrayMut<'_>, factor: f64) -> PyResult<()> {
    for_dtype!(w, T => {
        let w = w.elements::<T>("weight_decay", "w")?;
        compute(py, || optimizers::weight_decay(w, factor))
    })
}

/// The sum of g².
#[pyfunction]
pub fn sum_of_squares(py: Python<'_>, g: FloatArray<'_>) -> PyResult<f64> {
    for_dtype!(g, T => {
        let g = g.view::<T>("sum_of_squares", "g")?.data;
        compute(py, || optimizers::sum_of_squares(g))
    })
}

/// average = momentum average + (1 - momentum) w
#[pyfunction]
pub fn move_average(py: Python<'_>, mut average: FloatArrayMut<'_>, w: FloatArray<'_>, momentum: f64) -> PyResult<()> {
    for_dtype!(w, T => {
        let w = w.view::<T>("move_average", "w")?.data;
        let average = average.elements::<T>("move_average", "average")?;
        KernelError::check_shape("move_average", "average", &[w.len()], &[average.len()]).map_err(to_python)?;
        compute(py, || optimizers::move_average(average, w, momentum))
    })
}
