//! The oracles: plain loops over one sample at a time, in f64.

use super::Recurrence;
use crate::kernels::activate::{self, Activation};

/// What every cell reads, in f64.
#[derive(Clone)]
pub struct Inputs {
    /// `(batch, steps, gates * units)`.
    pub z: Vec<f64>,
    /// `(units, gates * units)`.
    pub kernel: Vec<f64>,
    /// `(batch, units)`.
    pub h0: Vec<f64>,
    /// `(batch, steps)`.
    pub mask: Option<Vec<bool>>,
    /// `(batch, units)`.
    pub recurrent_mask: Option<Vec<f64>>,
}

impl Inputs {
    /// `h` of sample `b` as the recurrent product sees it.
    fn masked(&self, shape: Recurrence, b: usize, h: &[f64]) -> Vec<f64> {
        let units = shape.units;
        match &self.recurrent_mask {
            Some(mask) => h.iter().zip(&mask[b * units..]).map(|(h, m)| h * m).collect(),
            None => h.to_vec(),
        }
    }

    /// Column `column` of `h @ kernel`.
    fn product(&self, h: &[f64], column: usize) -> f64 {
        let width = self.kernel.len() / h.len().max(1);
        h.iter().enumerate().map(|(k, h)| h * self.kernel[k * width + column]).sum()
    }

    /// Calls `step(s, t, live)` for every step s of the walk of sample b; t is its place in time.
    fn walk(&self, shape: Recurrence, b: usize, mut step: impl FnMut(usize, usize, bool)) {
        for s in 0..shape.steps {
            let t = if shape.go_backwards { shape.steps - 1 - s } else { s };
            let live = self.mask.as_ref().is_none_or(|mask| mask[b * shape.steps + t]);
            step(s, t, live);
        }
    }
}

fn apply(activation: Activation, x: f64) -> f64 {
    activate::naive::value(x, activation)
}

/// `h = act(z + h @ kernel)`.
pub fn simple_rnn(shape: Recurrence, inputs: &Inputs, activation: Activation) -> Vec<f64> {
    let Recurrence { batch, steps, units, .. } = shape;
    let mut hs = vec![0.0; batch * steps * units];
    for b in 0..batch {
        let mut h = inputs.h0[b * units..(b + 1) * units].to_vec();
        inputs.walk(shape, b, |s, t, live| {
            if live {
                let seen = inputs.masked(shape, b, &h);
                let z = &inputs.z[(b * steps + t) * units..];
                h = (0..units).map(|j| apply(activation, z[j] + inputs.product(&seen, j))).collect();
            }
            hs[(b * steps + s) * units..][..units].copy_from_slice(&h);
        });
    }
    hs
}

/// Gates z, r, h. `reset_after`: the reset gate multiplies the recurrent product, else the state before it.
pub fn gru(
    shape: Recurrence,
    inputs: &Inputs,
    recurrent_bias: Option<&[f64]>,
    activation: Activation,
    recurrent_activation: Activation,
    reset_after: bool,
) -> Vec<f64> {
    let Recurrence { batch, steps, units, .. } = shape;
    let mut hs = vec![0.0; batch * steps * units];
    let bias = |column: usize| recurrent_bias.map_or(0.0, |bias| bias[column]);
    for b in 0..batch {
        let mut h = inputs.h0[b * units..(b + 1) * units].to_vec();
        inputs.walk(shape, b, |s, t, live| {
            if live {
                let seen = inputs.masked(shape, b, &h);
                let z = &inputs.z[(b * steps + t) * 3 * units..];
                let gate = |column: usize| {
                    apply(recurrent_activation, z[column] + inputs.product(&seen, column) + bias(column))
                };
                let update: Vec<f64> = (0..units).map(gate).collect();
                let reset: Vec<f64> = (units..2 * units).map(gate).collect();
                let reset_state: Vec<f64> = seen.iter().zip(&reset).map(|(h, r)| h * r).collect();
                h = (0..units)
                    .map(|j| {
                        let column = 2 * units + j;
                        let recurrent = if reset_after {
                            reset[j] * (inputs.product(&seen, column) + bias(column))
                        } else {
                            inputs.product(&reset_state, column) + bias(column)
                        };
                        update[j] * h[j] + (1.0 - update[j]) * apply(activation, z[column] + recurrent)
                    })
                    .collect();
            }
            hs[(b * steps + s) * units..][..units].copy_from_slice(&h);
        });
    }
    hs
}

/// Gates i, f, c, o; peepholes for i, f (old cell state) and o (new cell state). Returns the outputs and the cell states.
pub fn lstm(
    shape: Recurrence,
    inputs: &Inputs,
    peepholes: Option<&[f64]>,
    c0: &[f64],
    activation: Activation,
    recurrent_activation: Activation,
) -> (Vec<f64>, Vec<f64>) {
    let Recurrence { batch, steps, units, .. } = shape;
    let mut hs = vec![0.0; batch * steps * units];
    let mut cs = hs.clone();
    let peephole = |gate: usize, j: usize| peepholes.map_or(0.0, |p| p[gate * units + j]);
    for b in 0..batch {
        let mut h = inputs.h0[b * units..(b + 1) * units].to_vec();
        let mut c = c0[b * units..(b + 1) * units].to_vec();
        inputs.walk(shape, b, |s, t, live| {
            if live {
                let seen = inputs.masked(shape, b, &h);
                let z = &inputs.z[(b * steps + t) * 4 * units..];
                for j in 0..units {
                    let pre = |gate: usize| z[gate * units + j] + inputs.product(&seen, gate * units + j);
                    let input = apply(recurrent_activation, pre(0) + peephole(0, j) * c[j]);
                    let forget = apply(recurrent_activation, pre(1) + peephole(1, j) * c[j]);
                    c[j] = forget * c[j] + input * apply(activation, pre(2));
                    h[j] = apply(recurrent_activation, pre(3) + peephole(2, j) * c[j]) * apply(activation, c[j]);
                }
            }
            hs[(b * steps + s) * units..][..units].copy_from_slice(&h);
            cs[(b * steps + s) * units..][..units].copy_from_slice(&c);
        });
    }
    (hs, cs)
}
