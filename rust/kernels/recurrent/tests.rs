use super::*;
use crate::kernels::activate::Activation;
use crate::kernels::gemm::tests::numbers;
use crate::parallel;
use crate::simd::{Element, on_every_instruction_set};
use proptest::prelude::*;

const SMOOTH: [Activation; 7] = [
    Activation::Tanh,
    Activation::Sigmoid,
    Activation::Linear,
    Activation::Softplus,
    Activation::Softsign,
    Activation::Silu,
    Activation::Gelu,
];

const PIECEWISE: [Activation; 5] =
    [Activation::Relu, Activation::HardSigmoid, Activation::HardSigmoidLegacy, Activation::Elu, Activation::Selu];

/// A cell with random arguments, all of them in f64.
#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    shape: Recurrence,
    activation: Activation,
    recurrent_activation: Activation,
    /// z, kernel, h0, then what the cell has besides: recurrent bias; peepholes and c0.
    variables: Vec<Vec<f64>>,
    mask: Option<Vec<bool>>,
    recurrent_mask: Option<Vec<f64>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    SimpleRnn,
    Gru { bias: bool, reset_after: bool },
    Lstm { peepholes: bool },
}

const KINDS: [Kind; 7] = [
    Kind::SimpleRnn,
    Kind::Gru { bias: false, reset_after: false },
    Kind::Gru { bias: true, reset_after: false },
    Kind::Gru { bias: false, reset_after: true },
    Kind::Gru { bias: true, reset_after: true },
    Kind::Lstm { peepholes: false },
    Kind::Lstm { peepholes: true },
];

impl Case {
    fn new(kind: Kind, shape: Recurrence, activations: [Activation; 2], masked: bool, dropped: bool) -> Self {
        let Recurrence { batch, steps, units, .. } = shape;
        let scaled = |count, seed, factor: f64| numbers::<f64>(count, seed).iter().map(|v| v * factor).collect();
        let gates = match kind {
            Kind::SimpleRnn => 1,
            Kind::Gru { .. } => 3,
            Kind::Lstm { .. } => 4,
        };
        let mut variables: Vec<Vec<f64>> = vec![
            scaled(batch * steps * gates * units, 1, 1.0),
            scaled(units * gates * units, 2, 1.0 / (units as f64).sqrt()),
            scaled(batch * units, 3, 1.0),
        ];
        match kind {
            Kind::Gru { bias: true, .. } => variables.push(scaled(3 * units, 4, 1.0)),
            Kind::Lstm { peepholes } => {
                variables.push(scaled(if peepholes { 3 * units } else { 0 }, 5, 1.0));
                variables.push(scaled(batch * units, 6, 1.0));
            }
            _ => {}
        }
        let mask = masked.then(|| numbers::<f64>(batch * steps, 7).iter().map(|&v| v > -0.4).collect());
        let recurrent_mask = dropped
            .then(|| numbers::<f64>(batch * units, 8).iter().map(|&v| if v > 0.0 { 2.0 } else { 0.0 }).collect());
        let [activation, recurrent_activation] = activations;
        Self { kind, shape, activation, recurrent_activation, variables, mask, recurrent_mask }
    }

    /// Outputs of the oracle: hs, and cs of an LSTM.
    fn naive(&self) -> Vec<Vec<f64>> {
        let inputs = naive::Inputs {
            z: self.variables[0].clone(),
            kernel: self.variables[1].clone(),
            h0: self.variables[2].clone(),
            mask: self.mask.clone(),
            recurrent_mask: self.recurrent_mask.clone(),
        };
        let (shape, outer, gate) = (self.shape, self.activation, self.recurrent_activation);
        match self.kind {
            Kind::SimpleRnn => vec![naive::simple_rnn(shape, &inputs, outer)],
            Kind::Gru { bias, reset_after } => {
                let bias = bias.then(|| &self.variables[3][..]);
                vec![naive::gru(shape, &inputs, bias, outer, gate, reset_after)]
            }
            Kind::Lstm { peepholes } => {
                let peepholes = peepholes.then(|| &self.variables[3][..]);
                let (hs, cs) = naive::lstm(shape, &inputs, peepholes, &self.variables[4], outer, gate);
                vec![hs, cs]
            }
        }
    }

    /// Outputs of the kernels, and the gradients of the variables given those of hs and of the last cell state.
    fn run<T: Element>(&self, dhs: &[f64], dc: &[f64]) -> (Vec<Vec<T>>, Vec<Vec<T>>) {
        let convert = |values: &[f64]| -> Vec<T> { values.iter().map(|&v| T::from_f64(v)).collect() };
        let variables: Vec<Vec<T>> = self.variables.iter().map(|v| convert(v)).collect();
        let recurrent_mask = self.recurrent_mask.as_deref().map(convert);
        let (dhs, dc) = (convert(dhs), convert(dc));
        let walk = Walk {
            shape: self.shape,
            kernel: &variables[1],
            h0: &variables[2],
            mask: self.mask.as_deref(),
            recurrent_mask: recurrent_mask.as_deref(),
        };
        let (activation, recurrent_activation) = (self.activation, self.recurrent_activation);
        match self.kind {
            Kind::SimpleRnn => {
                let SimpleRnnOutputs { hs, saved } = simple_rnn(walk, &variables[0], activation);
                let SimpleRnnGradients { dz, du, dh0 } = simple_rnn_grad(walk, &dhs, &hs, &saved, activation);
                (vec![hs.to_vec()], [dz, du, dh0].map(|g| g.to_vec()).into())
            }
            Kind::Gru { bias, reset_after } => {
                let recurrent_bias = bias.then(|| &variables[3][..]);
                let cell = Gru { walk, recurrent_bias, activation, recurrent_activation, reset_after };
                let GruOutputs { hs, saved } = gru(cell, &variables[0], true);
                let unkept = gru(cell, &variables[0], false);
                assert!(unkept.hs[..] == hs[..] && unkept.saved.is_empty());
                let GruGradients { dz, du, drecurrent_bias, dh0 } = gru_grad(cell, &dhs, &hs, &saved);
                assert_eq!(drecurrent_bias.is_some(), bias);
                let gradients = [Some(dz), Some(du), Some(dh0), drecurrent_bias];
                (vec![hs.to_vec()], gradients.into_iter().flatten().map(|g| g.to_vec()).collect())
            }
            Kind::Lstm { peepholes } => {
                let peepholes = peepholes.then(|| &variables[3][..]);
                let cell = Lstm { walk, peepholes, c0: &variables[4], activation, recurrent_activation };
                let LstmOutputs { hs, cs, saved } = lstm(cell, &variables[0], true);
                let unkept = lstm(cell, &variables[0], false);
                assert!(unkept.hs[..] == hs[..] && unkept.cs[..] == cs[..] && unkept.saved.is_empty());
                let LstmGradients { dz, du, dpeepholes, dh0, dc0 } =
                    lstm_grad(cell, &dhs, Some(&dc), [&hs, &cs, &saved]);
                let dpeepholes = dpeepholes.map_or(Vec::new(), |g| g.to_vec());
                let gradients = vec![dz.to_vec(), du.to_vec(), dh0.to_vec(), dpeepholes, dc0.to_vec()];
                (vec![hs.to_vec(), cs.to_vec()], gradients)
            }
        }
    }

    /// Random gradients of hs and of the last cell state.
    fn upstream(&self) -> (Vec<f64>, Vec<f64>) {
        let Recurrence { batch, steps, units, .. } = self.shape;
        (numbers(batch * steps * units, 9), numbers(batch * units, 10))
    }

    /// The loss whose gradients `upstream` are.
    fn loss(&self) -> f64 {
        let Recurrence { steps, units, .. } = self.shape;
        let (dhs, dc) = self.upstream();
        let outputs = self.naive();
        let loss: f64 = outputs[0].iter().zip(&dhs).map(|(h, d)| h * d).sum();
        let last = |cs: &Vec<f64>| -> f64 {
            cs.chunks(steps * units)
                .zip(dc.chunks(units))
                .flat_map(|(c, d)| c[(steps - 1) * units..].iter().zip(d))
                .map(|(c, d)| c * d)
                .sum()
        };
        loss + outputs.get(1).map_or(0.0, last)
    }

    fn forward_matches_oracle<T: Element>(&self, tolerance: f64) {
        let (dhs, dc) = self.upstream();
        let (outputs, _) = self.run::<T>(&dhs, &dc);
        for (got, want) in outputs.iter().zip(self.naive()) {
            assert_close(got, &want, tolerance, self);
        }
    }

    fn f32_gradients_match_f64(&self) {
        let (dhs, dc) = self.upstream();
        let (single, double) = (self.run::<f32>(&dhs, &dc).1, self.run::<f64>(&dhs, &dc).1);
        // Activations without a bound let a state grow until single precision ends.
        if double.iter().any(|gradient| gradient.iter().any(|d| d.abs() > 1e30)) {
            return;
        }
        for (got, want) in single.iter().zip(&double) {
            assert_close(got, want, 2e-4, self);
        }
    }

    /// The gradient of every variable along a random direction is the slope of the oracle's loss in that direction. Two
    /// differences together cancel the third derivative, which is large where linear activations let a state grow; the step
    /// is short because softsign and ELU have no second derivative at 0.
    fn gradients_match_finite_differences(&self) {
        let (dhs, dc) = self.upstream();
        let (_, gradients) = self.run::<f64>(&dhs, &dc);
        for (index, gradient) in gradients.iter().enumerate().filter(|(_, gradient)| !gradient.is_empty()) {
            for seed in [20, 21] {
                let direction = numbers::<f64>(gradient.len(), seed);
                let moved = |step: f64| {
                    let mut case = self.clone();
                    case.variables[index].iter_mut().zip(&direction).for_each(|(v, d)| *v += step * d);
                    case.loss()
                };
                let step = 1e-6;
                let difference = |step: f64| (moved(step) - moved(-step)) / (2.0 * step);
                let slope = (4.0 * difference(step) - difference(2.0 * step)) / 3.0;
                let along: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
                let scale: f64 = 1.0 + gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
                assert!((slope - along).abs() < 1e-6 * scale, "variable {index}: {along}, not {slope}: {self:?}");
            }
        }
    }
}

fn assert_close<T: Element>(got: &[T], want: &[impl Element], tolerance: f64, case: &Case) {
    assert_eq!(got.len(), want.len());
    let scale = want.iter().fold(1.0f64, |scale, v| scale.max(v.to_f64().abs()));
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let error = (got.to_f64() - want.to_f64()).abs();
        assert!(error <= tolerance * scale, "element {i} is {got}, not {want}: {:?} {:?}", case.kind, case.shape);
    }
}

fn shapes() -> impl Strategy<Value = Recurrence> {
    let units = prop_oneof![1usize..5, Just(8), Just(17), Just(33)];
    (1usize..8, 1usize..6, units, any::<bool>()).prop_map(|(batch, steps, units, go_backwards)| Recurrence {
        batch,
        steps,
        units,
        go_backwards,
    })
}

fn smooth() -> impl Strategy<Value = Activation> {
    prop::sample::select(&SMOOTH[..])
}

proptest! {
    #![proptest_config(crate::testing::cases(48))]
    #[test]
    fn outputs_match_the_oracle(
        kind in prop::sample::select(&KINDS[..]), shape in shapes(), masked in any::<bool>(), dropped in any::<bool>(),
        activation in prop_oneof![smooth(), prop::sample::select(&PIECEWISE[..])],
        recurrent_activation in prop_oneof![smooth(), prop::sample::select(&PIECEWISE[..])],
    ) {
        let case = Case::new(kind, shape, [activation, recurrent_activation], masked, dropped);
        on_every_instruction_set(|_| {
            case.forward_matches_oracle::<f32>(1e-4);
            case.forward_matches_oracle::<f64>(1e-12);
        });
    }

    #[test]
    fn gradients_match_the_slope_of_the_oracle(
        kind in prop::sample::select(&KINDS[..]), shape in shapes(), masked in any::<bool>(), dropped in any::<bool>(),
        activation in smooth(), recurrent_activation in smooth(),
    ) {
        let case = Case::new(kind, shape, [activation, recurrent_activation], masked, dropped);
        on_every_instruction_set(|_| {
            case.gradients_match_finite_differences();
            case.f32_gradients_match_f64();
        });
    }
}

#[test]
fn long_walks_of_many_samples_are_right() {
    let shape = Recurrence { batch: 21, steps: 19, units: 70, go_backwards: true };
    for kind in KINDS {
        let case = Case::new(kind, shape, [Activation::Tanh, Activation::Sigmoid], true, true);
        on_every_instruction_set(|_| {
            case.forward_matches_oracle::<f32>(1e-5);
            case.gradients_match_finite_differences();
            case.f32_gradients_match_f64();
        });
    }
}

#[test]
fn gradients_of_piecewise_activations_match() {
    // Far enough from the kinks for a finite difference, for these numbers.
    let shape = Recurrence { batch: 2, steps: 2, units: 3, go_backwards: false };
    on_every_instruction_set(|_| {
        for kind in KINDS {
            for activation in PIECEWISE {
                for activations in [[activation, Activation::Sigmoid], [Activation::Tanh, activation]] {
                    Case::new(kind, shape, activations, false, false).gradients_match_finite_differences();
                }
            }
        }
    });
}

#[test]
fn bits_depend_neither_on_threads_nor_on_other_samples() {
    let before = parallel::threads();
    on_every_instruction_set(|_| {
        let shape = Recurrence { batch: 13, steps: 9, units: 96, go_backwards: false };
        for kind in KINDS {
            let case = Case::new(kind, shape, [Activation::Tanh, Activation::Sigmoid], true, false);
            let (dhs, dc) = case.upstream();
            let run = |threads| {
                parallel::set_threads(threads);
                case.run::<f32>(&dhs, &dc)
            };
            let (outputs, gradients) = run(1);
            for threads in [2, 5] {
                assert!(run(threads) == (outputs.clone(), gradients.clone()), "{kind:?} on {threads} threads");
            }
            let mut first = case.clone();
            first.shape.batch = 2;
            for variable in [0, 2, 4] {
                if let Some(values) = first.variables.get_mut(variable) {
                    values.truncate(values.len() / 13 * 2);
                }
            }
            let (alone, _) = first.run::<f32>(&dhs[..2 * 9 * 96], &dc[..2 * 96]);
            assert!(alone[0][..] == outputs[0][..2 * 9 * 96], "{kind:?}: two samples alone");
        }
    });
    parallel::set_threads(before);
}

#[test]
fn masked_steps_keep_the_state_and_hide_what_they_hold() {
    on_every_instruction_set(|_| {
        let shape = Recurrence { batch: 1, steps: 3, units: 2, go_backwards: false };
        for kind in KINDS {
            let mut case = Case::new(kind, shape, [Activation::Tanh, Activation::Sigmoid], false, false);
            case.mask = Some(vec![false, true, false]);
            let gates = case.variables[0].len() / 3;
            case.variables[0][..gates].fill(f64::NAN);
            let (dhs, dc) = case.upstream();
            let (outputs, gradients) = case.run::<f64>(&dhs, &dc);
            assert_eq!(outputs[0][..2], case.variables[2][..], "{kind:?}");
            assert_eq!(outputs[0][4..], outputs[0][2..4], "{kind:?}");
            assert!(gradients.iter().flatten().all(|g| g.is_finite()), "{kind:?}: {gradients:?}");
            assert!(gradients[0][..gates].iter().all(|&g| g == 0.0), "{kind:?}");
        }
    });
}
