//! Recurrences over time.

use super::support::{FloatArray, PyElement, compute, for_dtype, new_array, optional_view, to_python};
use crate::error::KernelError;
use crate::kernels::activate::Activation;
use crate::kernels::recurrent::{self, Gru, Lstm, LstmGradients, LstmOutputs, Recurrence, Walk};
use numpy::{PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;

type Object<'py> = Bound<'py, PyAny>;

/// The arguments that every recurrence has.
struct Common<'a, 'py> {
    op: &'static str,
    gates: usize,
    u: &'a FloatArray<'py>,
    h0: &'a FloatArray<'py>,
    mask: &'a Option<PyReadonlyArrayDyn<'py, bool>>,
    recurrent_mask: &'a Option<FloatArray<'py>>,
    go_backwards: bool,
}

impl<'a> Common<'a, '_> {
    /// Checks every shape against that of `z` or `dhs`, whose last axis has `per_unit` elements a unit.
    fn walk<T: PyElement>(
        &self,
        argument: &'static str,
        array: &'a FloatArray<'_>,
        per_unit: usize,
    ) -> PyResult<(Walk<'a, T>, &'a [T])> {
        let &Self { op, gates, go_backwards, .. } = self;
        let array = array.view::<T>(op, argument)?;
        let [batch, steps, _] = array.shape(op, argument, "batch, time, units")?;
        let u = self.u.view::<T>(op, "u")?;
        let [units, _] = u.shape(op, "u", "units, gates * units")?;
        if units == 0 {
            return Err(to_python(KernelError::argument(op, "u", "of at least one unit", u.shape)));
        }
        check(op, "u", &[units, gates * units], u.shape)?;
        check(op, argument, &[batch, steps, per_unit * units], array.shape)?;
        let h0 = self.h0.view::<T>(op, "h0")?;
        check(op, "h0", &[batch, units], h0.shape)?;
        let recurrent_mask = optional_view::<T>(self.recurrent_mask, op, "recurrent_mask")?;
        if let Some(mask) = recurrent_mask {
            check(op, "recurrent_mask", &[batch, units], mask.shape)?;
        }
        let mask = self.mask.as_ref().map(|mask| {
            check(op, "mask", &[batch, steps], mask.shape())?;
            let layout = KernelError::dtype(op, "mask", "C-contiguous", "another memory layout");
            if mask.is_c_contiguous() { mask.as_slice().map_err(|_| to_python(layout)) } else { Err(to_python(layout)) }
        });
        let shape = Recurrence { batch, steps, units, go_backwards };
        let recurrent_mask = recurrent_mask.map(|mask| mask.data);
        Ok((Walk { shape, kernel: u.data, h0: h0.data, mask: mask.transpose()?, recurrent_mask }, array.data))
    }
}

fn check(op: &'static str, argument: &'static str, expected: &[usize], got: &[usize]) -> PyResult<()> {
    KernelError::check_shape(op, argument, expected, got).map_err(to_python)
}

/// The elements of an array that must have this shape.
fn elements<'a, T: PyElement>(
    array: &'a FloatArray<'_>,
    op: &'static str,
    argument: &'static str,
    shape: &[usize],
) -> PyResult<&'a [T]> {
    let view = array.view::<T>(op, argument)?;
    check(op, argument, shape, view.shape)?;
    Ok(view.data)
}

/// `elements` of an argument that may be None.
fn optional_elements<'a, T: PyElement>(
    array: &'a Option<FloatArray<'_>>,
    op: &'static str,
    argument: &'static str,
    shape: &[usize],
) -> PyResult<Option<&'a [T]>> {
    array.as_ref().map(|array| elements(array, op, argument, shape)).transpose()
}

/// h = activation(z + h @ u) at every step: the outputs, and what the gradient needs besides.
#[pyfunction]
pub fn simple_rnn<'py>(
    py: Python<'py>,
    z: FloatArray<'py>,
    u: FloatArray<'py>,
    h0: FloatArray<'py>,
    mask: Option<PyReadonlyArrayDyn<'py, bool>>,
    recurrent_mask: Option<FloatArray<'py>>,
    go_backwards: bool,
    activation: Activation,
) -> PyResult<(Object<'py>, Object<'py>)> {
    let common = Common {
        op: "simple_rnn",
        gates: 1,
        u: &u,
        h0: &h0,
        mask: &mask,
        recurrent_mask: &recurrent_mask,
        go_backwards,
    };
    for_dtype!(z, T => {
        let (walk, z) = common.walk::<T>("z", &z, 1)?;
        let outputs = compute(py, || recurrent::simple_rnn(walk, z, activation))?;
        let Recurrence { batch, steps, units, .. } = walk.shape;
        let saved_shape = if activation.needs_input() { [batch, steps, units] } else { [0; 3] };
        Ok((new_array(py, outputs.hs, &[batch, steps, units])?, new_array(py, outputs.saved, &saved_shape)?))
    })
}

/// (dz, du, dh0) of `simple_rnn`.
#[pyfunction]
pub fn simple_rnn_grad<'py>(
    py: Python<'py>,
    dhs: FloatArray<'py>,
    hs: FloatArray<'py>,
    saved: FloatArray<'py>,
    u: FloatArray<'py>,
    h0: FloatArray<'py>,
    mask: Option<PyReadonlyArrayDyn<'py, bool>>,
    recurrent_mask: Option<FloatArray<'py>>,
    go_backwards: bool,
    activation: Activation,
) -> PyResult<(Object<'py>, Object<'py>, Object<'py>)> {
    let op = "simple_rnn_grad";
    let common = Common { op, gates: 1, u: &u, h0: &h0, mask: &mask, recurrent_mask: &recurrent_mask, go_backwards };
    for_dtype!(dhs, T => {
        let (walk, dhs) = common.walk::<T>("dhs", &dhs, 1)?;
        let Recurrence { batch, steps, units, .. } = walk.shape;
        let hs = elements(&hs, op, "hs", &[batch, steps, units])?;
        let saved = elements(&saved, op, "saved", &if activation.needs_input() { [batch, steps, units] } else { [0; 3] })?;
        let found = compute(py, || recurrent::simple_rnn_grad(walk, dhs, hs, saved, activation))?;
        Ok((
            new_array(py, found.dz, &[batch, steps, units])?,
            new_array(py, found.du, &[units, units])?,
            new_array(py, found.dh0, &[batch, units])?,
        ))
    })
}

/// The gated recurrent unit: the outputs, and what the gradient needs besides (if it is to `keep` that).
#[pyfunction]
pub fn gru<'py>(
    py: Python<'py>,
    z: FloatArray<'py>,
    u: FloatArray<'py>,
    recurrent_bias: Option<FloatArray<'py>>,
    h0: FloatArray<'py>,
    mask: Option<PyReadonlyArrayDyn<'py, bool>>,
    recurrent_mask: Option<FloatArray<'py>>,
    go_backwards: bool,
    activation: Activation,
    recurrent_activation: Activation,
    reset_after: bool,
    keep: bool,
) -> PyResult<(Object<'py>, Object<'py>)> {
    let op = "gru";
    let common = Common { op, gates: 3, u: &u, h0: &h0, mask: &mask, recurrent_mask: &recurrent_mask, go_backwards };
    for_dtype!(z, T => {
        let (walk, z) = common.walk::<T>("z", &z, 3)?;
        let Recurrence { batch, steps, units, .. } = walk.shape;
        let recurrent_bias = optional_elements(&recurrent_bias, op, "recurrent_bias", &[3 * units])?;
        let cell = Gru { walk, recurrent_bias, activation, recurrent_activation, reset_after };
        let outputs = compute(py, || recurrent::gru(cell, z, keep))?;
        let saved_shape = [batch, steps, if keep { cell.saved_width() } else { 0 }];
        Ok((new_array(py, outputs.hs, &[batch, steps, units])?, new_array(py, outputs.saved, &saved_shape)?))
    })
}

/// (dz, du, drecurrent_bias, dh0) of `gru`.
#[pyfunction]
pub fn gru_grad<'py>(
    py: Python<'py>,
    dhs: FloatArray<'py>,
    hs: FloatArray<'py>,
    saved: FloatArray<'py>,
    u: FloatArray<'py>,
    recurrent_bias: Option<FloatArray<'py>>,
    h0: FloatArray<'py>,
    mask: Option<PyReadonlyArrayDyn<'py, bool>>,
    recurrent_mask: Option<FloatArray<'py>>,
    go_backwards: bool,
    activation: Activation,
    recurrent_activation: Activation,
    reset_after: bool,
) -> PyResult<(Object<'py>, Object<'py>, Option<Object<'py>>, Object<'py>)> {
    let op = "gru_grad";
    let common = Common { op, gates: 3, u: &u, h0: &h0, mask: &mask, recurrent_mask: &recurrent_mask, go_backwards };
    for_dtype!(dhs, T => {
        let (walk, dhs) = common.walk::<T>("dhs", &dhs, 1)?;
        let Recurrence { batch, steps, units, .. } = walk.shape;
        let recurrent_bias = optional_elements(&recurrent_bias, op, "recurrent_bias", &[3 * units])?;
        let cell = Gru { walk, recurrent_bias, activation, recurrent_activation, reset_after };
        let hs = elements(&hs, op, "hs", &[batch, steps, units])?;
        let saved = elements(&saved, op, "saved", &[batch, steps, cell.saved_width()])?;
        let found = compute(py, || recurrent::gru_grad(cell, dhs, hs, saved))?;
        Ok((
            new_array(py, found.dz, &[batch, steps, 3 * units])?,
            new_array(py, found.du, &[units, 3 * units])?,
            found.drecurrent_bias.map(|bias| new_array(py, bias, &[3 * units])).transpose()?,
            new_array(py, found.dh0, &[batch, units])?,
        ))
    })
}

/// Long short-term memory: the outputs, the cell states, and what the gradient needs besides (if it is to `keep` that).
#[pyfunction]
pub fn lstm<'py>(
    py: Python<'py>,
    z: FloatArray<'py>,
    u: FloatArray<'py>,
    peepholes: Option<FloatArray<'py>>,
    h0: FloatArray<'py>,
    c0: FloatArray<'py>,
    mask: Option<PyReadonlyArrayDyn<'py, bool>>,
    recurrent_mask: Option<FloatArray<'py>>,
    go_backwards: bool,
    activation: Activation,
    recurrent_activation: Activation,
    keep: bool,
) -> PyResult<(Object<'py>, Object<'py>, Object<'py>)> {
    let op = "lstm";
    let common = Common { op, gates: 4, u: &u, h0: &h0, mask: &mask, recurrent_mask: &recurrent_mask, go_backwards };
    for_dtype!(z, T => {
        let (walk, z) = common.walk::<T>("z", &z, 4)?;
        let Recurrence { batch, steps, units, .. } = walk.shape;
        let peepholes = optional_elements(&peepholes, op, "peepholes", &[3, units])?;
        let c0 = elements(&c0, op, "c0", &[batch, units])?;
        let cell = Lstm { walk, peepholes, c0, activation, recurrent_activation };
        let LstmOutputs { hs, cs, saved } = compute(py, || recurrent::lstm(cell, z, keep))?;
        let shape = [batch, steps, units];
        let saved = new_array(py, saved, &[batch, steps, if keep { cell.saved_width() } else { 0 }])?;
        Ok((new_array(py, hs, &shape)?, new_array(py, cs, &shape)?, saved))
    })
}

/// (dz, du, dpeepholes, dh0, dc0) of `lstm`.
#[pyfunction]
pub fn lstm_grad<'py>(
    py: Python<'py>,
    dhs: FloatArray<'py>,
    dc_last: Option<FloatArray<'py>>,
    hs: FloatArray<'py>,
    cs: FloatArray<'py>,
    saved: FloatArray<'py>,
    u: FloatArray<'py>,
    peepholes: Option<FloatArray<'py>>,
    h0: FloatArray<'py>,
    c0: FloatArray<'py>,
    mask: Option<PyReadonlyArrayDyn<'py, bool>>,
    recurrent_mask: Option<FloatArray<'py>>,
    go_backwards: bool,
    activation: Activation,
    recurrent_activation: Activation,
) -> PyResult<(Object<'py>, Object<'py>, Option<Object<'py>>, Object<'py>, Object<'py>)> {
    let op = "lstm_grad";
    let common = Common { op, gates: 4, u: &u, h0: &h0, mask: &mask, recurrent_mask: &recurrent_mask, go_backwards };
    for_dtype!(dhs, T => {
        let (walk, dhs) = common.walk::<T>("dhs", &dhs, 1)?;
        let Recurrence { batch, steps, units, .. } = walk.shape;
        let peepholes = optional_elements(&peepholes, op, "peepholes", &[3, units])?;
        let c0 = elements(&c0, op, "c0", &[batch, units])?;
        let cell = Lstm { walk, peepholes, c0, activation, recurrent_activation };
        let dc_last = optional_elements(&dc_last, op, "dc_last", &[batch, units])?;
        let (hs, cs) = (elements(&hs, op, "hs", &[batch, steps, units])?, elements(&cs, op, "cs", &[batch, steps, units])?);
        let saved = elements(&saved, op, "saved", &[batch, steps, cell.saved_width()])?;
        let found = compute(py, || recurrent::lstm_grad(cell, dhs, dc_last, [hs, cs, saved]))?;
        let LstmGradients { dz, du, dpeepholes, dh0, dc0 } = found;
        Ok((
            new_array(py, dz, &[batch, steps, 4 * units])?,
            new_array(py, du, &[units, 4 * units])?,
            dpeepholes.map(|peepholes| new_array(py, peepholes, &[3, units])).transpose()?,
            new_array(py, dh0, &[batch, units])?,
            new_array(py, dc0, &[batch, units])?,
        ))
    })
}
