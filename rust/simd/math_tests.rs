use super::double_double::Twofold;
use super::*;
use std::f64::consts::PI;

/// What is measured: a function by name, because a generic function cannot be passed.
#[derive(Clone, Copy, Debug)]
enum Function {
    Exp,
    ExpM1,
    Ln,
    Ln1p,
    Sigmoid,
    Tanh,
    NormalCdf,
    SinTurn,
    CosTurn,
}

use Function::*;

impl Function {
    #[inline(always)]
    fn apply<V: Vector>(self, x: V) -> V {
        match self {
            Exp => math::exp(x),
            ExpM1 => math::exp_m1(x),
            Ln => math::ln(x),
            Ln1p => math::ln_1p(x),
            Sigmoid => math::sigmoid(x),
            Tanh => math::tanh(x),
            NormalCdf => math::normal_cdf_and_density(x).0,
            SinTurn => math::sin_cos_turn(x).0,
            CosTurn => math::sin_cos_turn(x).1,
        }
    }

    /// To twice double precision, as far as f64 tests of this function ask for it.
    fn exact(self, x: f64) -> Twofold {
        let one = Twofold::from(1.0);
        let t = Twofold::from(x);
        match self {
            Exp => t.exp(),
            ExpM1 => t.exp() - one,
            Ln => t.ln(),
            Ln1p => (one + t).ln(),
            Sigmoid => one / (one + (-t).exp()),
            Tanh if x.abs() > 300.0 => x.signum().into(),
            Tanh => ((t + t).exp() - one) / ((t + t).exp() + one),
            NormalCdf => normal_cdf(x).into(),
            SinTurn => (2.0 * PI * x).sin().into(),
            CosTurn => (2.0 * PI * x).cos().into(),
        }
    }
}

/// Series of the density around 0, in f64: good to a few units in the last place of 1.
fn normal_cdf(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
    let terms = (1..400).scan(x, |term, k| {
        let now = *term;
        *term *= x * x / f64::from(2 * k + 1);
        Some(now)
    });
    0.5 + density * terms.sum::<f64>()
}

struct Apply<'a, T>(Function, &'a mut [T]);

impl<T: Element> Kernel for Apply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for values in self.1.chunks_mut(T::Vector::<S>::LANES) {
            // SAFETY: a chunk has at most LANES elements, all read and written.
            unsafe {
                let x = T::Vector::<S>::load_partial(values.as_ptr(), values.len());
                self.0.apply(x).store_partial(values.as_mut_ptr(), values.len());
            }
        }
    }
}

fn points<T: Element>(low: f64, high: f64, count: usize) -> Vec<T> {
    (0..count).map(|i| T::from_f64(low + (high - low) * (i as f64 + 0.37) / count as f64)).collect()
}

/// The largest error in units in the last place of the results (`absolute`: of 1) and where it is.
fn largest_error<T: Element>(set: InstructionSet, function: Function, x: &[T], absolute: bool) -> (f64, f64) {
    let mut y = x.to_vec();
    dispatch_on(set, Apply(function, &mut y));
    let epsilon = if size_of::<T>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let errors = x.iter().zip(&y).map(|(&x, &y)| {
        let exact = function.exact(x.to_f64());
        let size = if absolute { 1.0 } else { exact.high.abs() };
        let unit = f64::from_bits(size.to_bits() & f64::INFINITY.to_bits()) * epsilon;
        let error = (Twofold::from(y.to_f64()) - exact).high.abs() / unit;
        (error, x.to_f64())
    });
    errors.fold((0.0, 0.0), |worst, now| if now.0 <= worst.0 { worst } else { now })
}

fn check<T: Element>(function: Function, bound: f64, absolute: bool, ranges: &[(f64, f64)]) {
    for set in InstructionSet::available() {
        for &(low, high) in ranges {
            let (error, at) = largest_error(set, function, &points::<T>(low, high, 40_000), absolute);
            let (set, name) = (set.name(), std::any::type_name::<T>());
            assert!(error <= bound, "{set} {name} {function:?}({at}): {error} ulp");
        }
    }
}

#[test]
fn f32_functions_keep_their_bounds() {
    check::<f32>(Exp, 1.0, false, &[(-86.8, 88.7), (-1.0, 1.0), (-1e-3, 1e-3)]);
    check::<f32>(ExpM1, 1.5, false, &[(-86.0, 0.0), (-1.0, 0.0), (-1e-3, 0.0)]);
    check::<f32>(Ln, 1.0, false, &[(1e-30, 1e-20), (1e-3, 3.0), (0.9, 1.1), (1.0, 1e9)]);
    check::<f32>(Ln1p, 1.5, false, &[(0.0, 1.0), (0.0, 1e-3)]);
    check::<f32>(Sigmoid, 2.5, false, &[(-80.0, 20.0), (-5.0, 5.0)]);
    check::<f32>(Tanh, 2.5, false, &[(-10.0, 10.0), (-1.0, 1.0), (-1e-3, 1e-3), (10.0, 1e4)]);
    check::<f32>(NormalCdf, 2.0, true, &[(-12.0, 12.0)]);
    check::<f32>(SinTurn, 1.5, true, &[(0.0, 1.0)]);
    check::<f32>(CosTurn, 1.5, true, &[(0.0, 1.0)]);
}

#[test]
fn f64_functions_keep_their_bounds() {
    check::<f64>(Exp, 1.5, false, &[(-707.0, 709.0), (-1.0, 1.0), (-1e-3, 1e-3)]);
    check::<f64>(ExpM1, 1.5, false, &[(-100.0, 0.0), (-1.0, 0.0), (-1e-3, 0.0)]);
    check::<f64>(Ln, 1.0, false, &[(1e-300, 1e-200), (1e-3, 3.0), (0.9, 1.1), (1.0, 1e9)]);
    check::<f64>(Ln1p, 1.5, false, &[(0.0, 1.0), (0.0, 1e-3)]);
    check::<f64>(Sigmoid, 2.5, false, &[(-600.0, 40.0), (-5.0, 5.0)]);
    check::<f64>(Tanh, 2.5, false, &[(-20.0, 20.0), (-1.0, 1.0), (-1e-3, 1e-3), (20.0, 1e4)]);
    check::<f64>(NormalCdf, 4.0, true, &[(-6.0, 6.0)]);
    check::<f64>(SinTurn, 4.0, true, &[(0.0, 1.0)]);
    check::<f64>(CosTurn, 4.0, true, &[(0.0, 1.0)]);
}

fn edges<T: Element>() {
    let infinity = f64::INFINITY;
    let cases: [(Function, &[(f64, f64)]); 4] = [
        (Exp, &[(0.0, 1.0), (-infinity, 0.0), (infinity, infinity), (-1e30, 0.0), (1e30, infinity)]),
        (ExpM1, &[(0.0, 0.0), (-infinity, -1.0), (-1e30, -1.0)]),
        (Sigmoid, &[(0.0, 0.5), (-infinity, 0.0), (infinity, 1.0), (1e30, 1.0), (-1e30, 0.0)]),
        (Tanh, &[(0.0, 0.0), (-infinity, -1.0), (infinity, 1.0), (1e30, 1.0), (-1e30, -1.0)]),
    ];
    for set in InstructionSet::available() {
        for (function, values) in cases {
            let mut lanes: Vec<T> = values.iter().map(|&(x, _)| T::from_f64(x)).collect();
            lanes.push(T::from_f64(f64::NAN));
            dispatch_on(set, Apply(function, &mut lanes));
            for (&(x, y), got) in values.iter().zip(&lanes) {
                assert_eq!(got.to_f64(), y, "{} {function:?}({x})", set.name());
            }
            assert!(lanes[values.len()].is_nan(), "{} {function:?}(NaN)", set.name());
        }
    }
}

#[test]
fn infinities_huge_arguments_and_nan_are_met() {
    edges::<f32>();
    edges::<f64>();
}
