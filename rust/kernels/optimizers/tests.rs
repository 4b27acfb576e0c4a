use super::naive::Weight;
use super::*;
use crate::parallel::ELEMENTWISE_CHUNK;
use crate::parallel::{set_threads, threads};
use crate::simd::{Element, on_every_instruction_set};
use proptest::prelude::*;

const STEPS: u64 = 4;

/// `update` with the slots that there are.
fn change<T: Element, const N: usize>(rule: &dyn UpdateRule<T>, w: &mut [T], g: &[T], slots: [Option<&mut [T]>; N]) {
    let mut all = slots.into_iter().map(Option::unwrap_or_default);
    let slots = std::array::from_fn(|_| all.next().unwrap_or_default());
    update(rule, Weights { w, slots }, g).unwrap();
}

fn wave<T: Element>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64(((i * 37 + seed * 53 + i / 3) % 97) as f64 / 48.0 - 1.0)).collect()
}

fn compare<T: Element>(what: &str, got: &[T], want: impl Iterator<Item = f64>, epsilon: f64) {
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let error = (got.to_f64() - want).abs();
        assert!(error <= 50.0 * epsilon * want.abs().max(1.0), "{what}[{i}]: got {got}, expected {want}");
    }
}

/// Everything an optimiser may keep, in the type under test and in the oracle's.
struct Slots<T> {
    w: Vec<T>,
    velocity: Vec<T>,
    mean: Vec<T>,
    square: Vec<T>,
    largest: Vec<T>,
    oracle: Vec<Weight>,
}

impl<T: Element> Slots<T> {
    fn new(len: usize) -> Self {
        let w = wave::<T>(len, 1);
        let oracle = w.iter().map(|w| Weight { w: w.to_f64(), ..Weight::default() }).collect();
        let [velocity, mean, square, largest] = std::array::from_fn(|_| vec![T::ZERO; len]);
        Self { w, velocity, mean, square, largest, oracle }
    }

    /// Four steps of `update(slots, g, step)` and of `oracle(weight, g, step)`, then a comparison.
    fn run(
        mut self,
        what: &str,
        epsilon: f64,
        update: impl Fn(&mut Self, &[T], u64),
        oracle: impl Fn(&mut Weight, f64, u64),
    ) {
        for step in 1..=STEPS {
            let g = wave::<T>(self.w.len(), 10 + step as usize);
            update(&mut self, &g, step);
            self.oracle.iter_mut().zip(&g).for_each(|(weight, g)| oracle(weight, g.to_f64(), step));
        }
        compare(what, &self.w, self.oracle.iter().map(|weight| weight.w), epsilon);
    }
}

fn every_optimizer_matches<T: Element>(len: usize, epsilon: f64) {
    for nesterov in [false, true] {
        let s = Momentum { rate: 0.1, momentum: 0.9, nesterov };
        let update = |slots: &mut Slots<T>, g: &[T], _| change(&s, &mut slots.w, g, [Some(&mut slots.velocity)]);
        Slots::new(len).run("momentum", epsilon, update, |weight, g, _| naive::momentum(weight, g, s));
    }
    let update = |slots: &mut Slots<T>, g: &[T], _| change(&Sgd { rate: 0.1 }, &mut slots.w, g, []);
    Slots::new(len).run("sgd", epsilon, update, |weight, g, _| weight.w -= 0.1 * g);
    for (centered, moving) in [(false, false), (false, true), (true, false), (true, true)] {
        let s = RmsProp { rate: 0.01, rho: 0.9, momentum: 0.8, epsilon: 1e-2 };
        let update = |slots: &mut Slots<T>, g: &[T], _| {
            let (mean, velocity) = (centered.then_some(&mut slots.mean[..]), moving.then_some(&mut slots.velocity[..]));
            change(&s, &mut slots.w, g, [Some(&mut slots.square), mean, velocity]);
        };
        Slots::new(len).run("rmsprop", epsilon, update, |weight, g, _| naive::rmsprop(weight, g, s, centered, moving));
    }
    for maximal in [false, true] {
        let settings = |step| Adam { rate: 0.01, beta_1: 0.9, beta_2: 0.99, epsilon: 1e-3, step };
        let update = |slots: &mut Slots<T>, g: &[T], step| {
            let largest = maximal.then_some(&mut slots.largest[..]);
            let slots = (&mut slots.w, [Some(&mut slots.mean[..]), Some(&mut slots.square[..]), largest]);
            change(&settings(step), slots.0, g, slots.1);
        };
        Slots::new(len).run("adam", epsilon, update, |weight, g, step| naive::adam(weight, g, settings(step), maximal));
    }
}

fn adams_relatives_match<T: Element>(len: usize, epsilon: f64) {
    let settings = |step| {
        let (mean_share, gradient_share) = (0.5 + 0.25 * step as f64, 1.5 / step as f64);
        Nadam { rate: 0.01, beta_1: 0.9, beta_2: 0.99, epsilon: 1e-3, step, mean_share, gradient_share }
    };
    let update = |slots: &mut Slots<T>, g: &[T], step| {
        change(&settings(step), &mut slots.w, g, [Some(&mut slots.mean), Some(&mut slots.square)]);
    };
    Slots::new(len).run("nadam", epsilon, update, |weight, g, step| naive::nadam(weight, g, settings(step)));
    let settings = |step| Adamax { rate: 0.01, beta_1: 0.9, beta_2: 0.75, epsilon: 1e-3, step };
    let update = |slots: &mut Slots<T>, g: &[T], step| {
        change(&settings(step), &mut slots.w, g, [Some(&mut slots.mean), Some(&mut slots.largest)]);
    };
    Slots::new(len).run("adamax", epsilon, update, |weight, g, step| naive::adamax(weight, g, settings(step)));
    // No combination of gradients by these is so near to zero that its sign is a matter of rounding.
    let s = Lion { rate: 0.01, beta_1: 0.739_085_1, beta_2: 0.567_143_3 };
    let update = |slots: &mut Slots<T>, g: &[T], _| change(&s, &mut slots.w, g, [Some(&mut slots.mean)]);
    Slots::new(len).run("lion", epsilon, update, |weight, g, _| naive::lion(weight, g, s));
}

fn sums_of_squares_match<T: Element>(len: usize, epsilon: f64) {
    let s = Adagrad { rate: 0.1, epsilon: 1e-2 };
    let update = |slots: &mut Slots<T>, g: &[T], _| change(&s, &mut slots.w, g, [Some(&mut slots.square)]);
    Slots::new(len).run("adagrad", epsilon, update, |weight, g, _| naive::adagrad(weight, g, s));
    let s = Adadelta { rate: 0.5, rho: 0.75, epsilon: 1e-2 };
    let update = |slots: &mut Slots<T>, g: &[T], _| {
        change(&s, &mut slots.w, g, [Some(&mut slots.square), Some(&mut slots.velocity)]);
    };
    Slots::new(len).run("adadelta", epsilon, update, |weight, g, _| naive::adadelta(weight, g, s));
    for rate_power in [-0.5, -0.75, 0.0] {
        let s = Ftrl { rate: 0.5, rate_power, l1: 0.25, l2: 0.5, shrinkage: 0.125, beta: 0.75 };
        let update = |slots: &mut Slots<T>, g: &[T], _| {
            change(&s, &mut slots.w, g, [Some(&mut slots.square), Some(&mut slots.mean)]);
        };
        Slots::new(len).run("ftrl", epsilon, update, |weight, g, _| naive::ftrl(weight, g, s));
    }
}

fn in_place_matches<T: Element>(len: usize, epsilon: f64) {
    let start = wave::<T>(len, 3);
    let run = |change: &dyn Fn(&mut [T])| {
        let mut values = start.clone();
        change(&mut values);
        values
    };
    let exact = || start.iter().map(|v| v.to_f64());
    compare("decay", &run(&|w| weight_decay(w, 0.125)), exact().map(|w| w * 0.875), epsilon);
    let w = wave::<T>(len, 5);
    let average = start.iter().zip(&w).map(|(&a, &w)| 0.9 * a.to_f64() + (1.0 - 0.9) * w.to_f64());
    compare("average", &run(&|a| move_average(a, &w, 0.9)), average, epsilon);
    let squares: f64 = exact().map(|g| g * g).sum();
    assert!((sum_of_squares(&start) - squares).abs() <= 1e-12 * squares.max(1.0));
}

proptest! {
    #![proptest_config(crate::testing::cases(16))]
    #[test]
    fn updates_match_the_oracle(len in prop_oneof![0usize..100, Just(ELEMENTWISE_CHUNK + 5)]) {
        on_every_instruction_set(|_| {
            every_optimizer_matches::<f32>(len, f64::from(f32::EPSILON));
            every_optimizer_matches::<f64>(len, f64::EPSILON);
            adams_relatives_match::<f32>(len, f64::from(f32::EPSILON));
            adams_relatives_match::<f64>(len, f64::EPSILON);
            sums_of_squares_match::<f32>(len, f64::from(f32::EPSILON));
            sums_of_squares_match::<f64>(len, f64::EPSILON);
            in_place_matches::<f32>(len, f64::from(f32::EPSILON));
            in_place_matches::<f64>(len, f64::EPSILON);
        });
    }
}

#[test]
fn sums_of_squares_have_the_same_bits_for_any_thread_count() {
    on_every_instruction_set(|_| {
        let g = wave::<f32>(10 * ELEMENTWISE_CHUNK + 77, 5);
        let before = threads();
        let sums = [1, 2, 3].map(|count| {
            set_threads(count);
            sum_of_squares(&g).to_bits()
        });
        set_threads(before);
        assert!(sums.iter().all(|&sum| sum == sums[0]));
    });
}

#[test]
fn what_has_no_direction_stays_with_lion() {
    on_every_instruction_set(|_| {
        let (mut w, mut m) = ([1.0f32; 3], [0.0f32, 1.0, 0.0]);
        change(&Lion { rate: 0.5, beta_1: 0.5, beta_2: 0.5 }, &mut w, &[0.0, -1.0, f32::NAN], [Some(&mut m)]);
        assert_eq!(w[..2], [1.0, 1.0]);
        assert!(w[2].is_nan());
    });
}

#[test]
fn slots_of_another_length_and_step_zero_are_refused() {
    let settings = Adam { rate: 0.1, beta_1: 0.9, beta_2: 0.99, epsilon: 1e-7, step: 0 };
    let run = |len: usize, step| {
        let (mut m, mut v) = (vec![0.0f32; 3], vec![0.0; len]);
        let weights = Weights { w: &mut [0.0; 3], slots: [&mut m, &mut v, &mut []] };
        update(&Adam { step, ..settings }, weights, &[0.0; 3]).unwrap_err().to_string()
    };
    assert_eq!(run(3, 0), "adam_update: step must be at least 1, but got 0.");
    assert_eq!(run(2, 1), "adam_update: v must be of shape [3], but got [2].");
    let weights = Weights { w: &mut [0.0f64; 3], slots: [&mut [], &mut [], &mut []] };
    let text = update(&Sgd { rate: 0.1 }, weights, &[0.0; 4]).unwrap_err().to_string();
    assert_eq!(text, "sgd_update: g must be of shape [3], but got [4].");
}
