use super::*;

/// Writes every operation's lanes behind each other.
struct Operations<'a, T>(&'a [T], &'a [T], &'a [T]);

const UNARY: [&str; 4] = ["sqrt of abs", "abs", "round", "neg"];

impl<T: Element> Kernel for Operations<'_, T> {
    type Output = Vec<Vec<T>>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Vec<Vec<T>> {
        let Self(a, b, c) = self;
        let mut results = vec![Vec::new(); 11];
        for start in (0..a.len()).step_by(T::Vector::<S>::LANES) {
            let count = (a.len() - start).min(T::Vector::<S>::LANES);
            // SAFETY: count elements are left.
            let [x, y, z] = [a, b, c].map(|s| unsafe { T::Vector::<S>::load_partial(s[start..].as_ptr(), count) });
            let outputs = [
                x.abs().sqrt(),
                x.abs(),
                x.round(),
                x.neg(),
                x.add(y),
                x.sub(y),
                x.mul(y),
                x.div(y),
                x.min(y),
                x.max(y),
                T::Vector::<S>::select(T::Vector::<S>::mask_or(x.lt(y), x.eq(z)), y, z),
            ];
            for (result, output) in results.iter_mut().zip(outputs) {
                let mut lanes = vec![T::from_f64(77.0); count + 1];
                // SAFETY: count lanes are written to count + 1 elements.
                unsafe { output.store_partial(lanes.as_mut_ptr(), count) };
                assert_eq!(lanes.pop(), Some(T::from_f64(77.0)), "store_partial wrote too much");
                result.extend(lanes);
            }
        }
        results
    }
}

fn samples<T: Element>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64(((i * 37 + seed * 101) % 61) as f64 * 0.37 - 11.0)).collect()
}

fn operations_match<T: Element>() {
    for set in InstructionSet::available() {
        for len in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33] {
            let (a, mut b, c) = (samples::<T>(len, 1), samples::<T>(len, 2), samples::<T>(len, 3));
            b[len / 2] = T::from_f64(f64::NAN);
            let results = dispatch_on(set, Operations(&a, &b, &c));
            for i in 0..len {
                let (x, y, z) = (a[i], b[i], c[i]);
                let unary = [x.abs().sqrt(), x.abs(), x.round_ties_even(), T::ZERO - x];
                let binary = [x + y, x - y, x * y, x / y, if x < y { x } else { y }, if x > y { x } else { y }];
                let select = if x < y || x == z { y } else { z };
                let expected = unary.into_iter().chain(binary).chain([select]);
                for (op, (got, want)) in results.iter().map(|r| r[i]).zip(expected).enumerate() {
                    let same = got == want || got.is_nan() && want.is_nan();
                    assert!(same, "{} operation {op} ({:?}): {got} {want}", set.name(), UNARY.get(op));
                }
            }
        }
    }
}

#[test]
fn every_operation_matches_scalar_arithmetic() {
    operations_match::<f32>();
    operations_match::<f64>();
}

/// Interleaves the first lanes of two slices.
struct Interleaved<'a, T>(&'a [T], &'a [T]);

impl<T: Element> Kernel for Interleaved<'_, T> {
    type Output = Vec<T>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Vec<T> {
        // SAFETY: both slices have MAX_LANES elements.
        let [a, b] = [self.0, self.1].map(|s| unsafe { T::Vector::<S>::load(s.as_ptr()) });
        let (lower, upper) = a.interleave(b);
        let lanes = T::Vector::<S>::LANES;
        [&lower.to_array()[..lanes], &upper.to_array()[..lanes]].concat()
    }
}

fn lanes_take_turns<T: Element>() {
    let (a, b) = (samples::<T>(MAX_LANES, 1), samples::<T>(MAX_LANES, 2));
    for set in InstructionSet::available() {
        let got = dispatch_on(set, Interleaved(&a, &b));
        let want: Vec<T> = a.iter().zip(&b).flat_map(|(&a, &b)| [a, b]).take(got.len()).collect();
        assert!(got == want, "{}: {got:?} {want:?}", set.name());
    }
}

#[test]
fn interleaved_lanes_take_turns() {
    lanes_take_turns::<f32>();
    lanes_take_turns::<f64>();
}

struct Folds<'a, T>(&'a [T]);

impl<T: Element> Kernel for Folds<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let lanes = T::Vector::<S>::LANES;
        // SAFETY: the slice has MAX_LANES elements.
        let x = unsafe { T::Vector::<S>::load(self.0.as_ptr()) };
        let values = &self.0[..lanes];
        assert_eq!(x.reduce_sum().to_f64(), values.iter().map(|v| v.to_f64()).sum::<f64>());
        assert_eq!(x.reduce_max().to_f64(), values.iter().map(|v| v.to_f64()).fold(f64::NEG_INFINITY, f64::max));
        for (i, v) in x.exp2_integral().to_array()[..lanes].iter().enumerate() {
            assert_eq!(v.to_f64(), values[i].to_f64().exp2());
        }
        let mask = x.gt(T::Vector::<S>::zero());
        for (i, v) in values.iter().enumerate() {
            assert_eq!(T::Vector::<S>::mask_bits(mask) >> i & 1 == 1, *v > T::ZERO);
        }
        let fused = x.mul_add(x, x).sub(x.neg_mul_add(x, x));
        let bytes: Vec<u8> = (0..lanes as u8).map(|i| i * 15).collect();
        let mut back = vec![0u8; lanes];
        // SAFETY: both slices have LANES bytes.
        unsafe { T::Vector::<S>::load_bytes(bytes.as_ptr()).store_bytes(back.as_mut_ptr()) };
        assert_eq!(bytes, back);
        for (i, v) in fused.to_array()[..lanes].iter().enumerate() {
            assert_eq!(v.to_f64(), 2.0 * values[i].to_f64() * values[i].to_f64());
        }
        assert_eq!(x.map(|v| v + v).to_array()[0], values[0] + values[0]);
    }
}

#[test]
fn folds_exponents_masks_and_bytes_match_on_every_instruction_set() {
    for set in InstructionSet::available() {
        dispatch_on(set, Folds(&[3.0f32, -126.0, 127.0, 0.0, -1.0, 5.0, 9.0, -7.0, 1., 2., 3., 4., 5., 6., 7., 8.]));
        dispatch_on(set, Folds(&[3.0f64, -1022.0, 1023.0, 0.0, -1.0, 5.0, 9.0, -7.0, 1., 2., 3., 4., 5., 6., 7., 8.]));
    }
}

#[test]
fn an_unknown_instruction_set_is_refused_with_the_choices() {
    let text = choose_by_name("mmx").unwrap_err().to_string();
    assert!(text.starts_with("kinema: the environment variable KINEMA_ISA must be one of"), "{text}");
    assert!(text.contains("scalar") && text.ends_with("but got \"mmx\"."), "{text}");
}

/// numerators over the roots of squares.
struct OverRoot<'a>(&'a [f32], f32, &'a mut [f32]);

impl Kernel for OverRoot<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        type V<S> = <f32 as Element>::Vector<S>;
        let Self(squares, epsilon, out) = self;
        for (square, out) in squares.chunks(V::<S>::LANES).zip(out.chunks_mut(V::<S>::LANES)) {
            // SAFETY: chunks have at most LANES elements, as many of both arrays.
            unsafe {
                let square = V::<S>::load_partial(square.as_ptr(), square.len());
                let quotient = V::<S>::splat(0.3).over_root(square, V::<S>::splat(epsilon));
                quotient.store_partial(out.as_mut_ptr(), out.len());
            }
        }
    }
}

/// 0.3 over other numbers, in place.
struct Quotients<'a>(&'a mut [f32]);

impl Kernel for Quotients<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        type V<S> = <f32 as Element>::Vector<S>;
        for values in self.0.chunks_mut(V::<S>::LANES) {
            // SAFETY: a chunk has at most LANES elements, all read and written.
            unsafe {
                let divisor = V::<S>::load_partial(values.as_ptr(), values.len());
                V::<S>::splat(0.3).quotient(divisor).store_partial(values.as_mut_ptr(), values.len());
            }
        }
    }
}

#[test]
fn quotients_keep_their_bound() {
    let divisors: Vec<f32> = (0..40_000).map(|i| (i as f32 * 0.0042 - 84.0).exp()).collect();
    for set in InstructionSet::available() {
        let mut quotients = divisors.clone();
        dispatch_on(set, Quotients(&mut quotients));
        for (&divisor, &got) in divisors.iter().zip(&quotients) {
            let exact = f64::from(0.3_f32) / f64::from(divisor);
            let unit = f64::from_bits(exact.to_bits() & f64::INFINITY.to_bits()) * f64::from(f32::EPSILON);
            assert!((f64::from(got) - exact).abs() <= 0.6 * unit, "{}: 0.3 / {divisor} = {got}", set.name());
        }
    }
}

#[test]
fn quotients_by_roots_keep_their_bound() {
    let ordinary: Vec<f32> = (0..40_000).map(|i| (i as f32 * 0.0041 - 82.0).exp()).collect();
    let edges = [0.0, 1e-45, 1e-40, 1e-38, f32::MAX, f32::INFINITY, f32::NAN, -1.0];
    for set in InstructionSet::available() {
        for epsilon in [1e-7, 1e-3, 1e-12, 0.0] {
            for squares in [&ordinary[..], &edges] {
                let mut out = vec![0.0; squares.len()];
                dispatch_on(set, OverRoot(squares, epsilon, &mut out));
                for (&square, &got) in squares.iter().zip(&out) {
                    let exact = f64::from(0.3_f32) / (f64::from(square).sqrt() + f64::from(epsilon));
                    let near = (f64::from(got) - exact).abs() <= 2.0 * f64::from(f32::EPSILON) * exact.abs();
                    let same = f64::from(got) == exact || got.is_nan() && exact.is_nan();
                    assert!(near || same, "{}: 0.3 / (√{square} + {epsilon}) = {got}, not {exact}", set.name());
                }
            }
        }
    }
}

/// The even ones of some integral numbers, behind each other.
struct Evens<'a, T>(&'a [T]);

impl<T: Element> Kernel for Evens<'_, T> {
    type Output = Vec<T>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Vec<T> {
        let lanes = T::Vector::<S>::LANES;
        let half = T::Vector::<S>::splat(T::from_f64(0.5));
        let mut evens = vec![T::ZERO; self.0.len() + lanes];
        let mut count = 0;
        for values in self.0.chunks_exact(lanes) {
            // SAFETY: a chunk is a vector, and there is room for one behind all evens so far.
            unsafe {
                let values = T::Vector::<S>::load(values.as_ptr());
                let even = values.mul(half).round().eq(values.mul(half));
                count += values.compress(even, evens.as_mut_ptr().add(count));
            }
        }
        evens.truncate(count);
        evens
    }
}

fn lanes_are_compressed<T: Element>() {
    let numbers: Vec<T> = (0..64).map(|i| T::from_f64(f64::from(i * i % 19))).collect();
    let expected: Vec<T> = numbers.iter().copied().filter(|n| n.to_f64() % 2.0 == 0.0).collect();
    for set in InstructionSet::available() {
        assert!(dispatch_on(set, Evens(&numbers)) == expected, "{}", set.name());
    }
}

#[test]
fn vectors_keep_the_lanes_of_a_mask() {
    lanes_are_compressed::<f32>();
    lanes_are_compressed::<f64>();
}

/// What vectors pick from a table of two, by numbers of all kinds.
struct Picks<T>(std::marker::PhantomData<T>);

impl<T: Element> Kernel for Picks<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let lanes = T::Vector::<S>::LANES;
        let table: Vec<T> = (0..2 * MAX_LANES).map(|i| T::from_f64(i as f64 + 0.5)).collect();
        // SAFETY: the table holds two of the longest vectors.
        let (first, second) =
            unsafe { (T::Vector::<S>::load(table.as_ptr()), T::Vector::<S>::load(table.as_ptr().add(lanes))) };
        for start in 0..=255 - MAX_LANES {
            let mut numbers = [T::ZERO; MAX_LANES];
            numbers.iter_mut().enumerate().for_each(|(i, number)| *number = T::from_f64((start + i) as f64));
            let indices = T::Vector::<S>::from_array(&numbers).to_indices();
            let picked = indices.pick(first, second).to_array();
            for (i, picked) in picked[..lanes].iter().enumerate() {
                assert_eq!(*picked, table[(start + i) % (2 * lanes)]);
            }
            numbers.iter_mut().enumerate().for_each(|(i, number)| *number = T::from_index((start + i) as u32));
            let carried = T::Vector::<S>::from_array(&numbers).pick(first, second).to_array();
            assert_eq!(carried, picked);
        }
        if lanes >= 4 {
            // SAFETY: the table has more than four elements.
            let quad = unsafe { T::Vector::<S>::load_quad(table[1..].as_ptr()) };
            assert_eq!(quad.to_array()[..4], table[1..5]);
        }
    }
}

#[test]
fn vectors_pick_lanes() {
    for set in InstructionSet::available() {
        dispatch_on(set, Picks(std::marker::PhantomData::<f32>));
        dispatch_on(set, Picks(std::marker::PhantomData::<f64>));
    }
}

#[test]
fn numbers_carry_indices() {
    for index in [0, 1, 4608 * 512, u32::MAX] {
        assert_eq!((f32::from_index(index).to_index(), f64::from_index(index).to_index()), (index, index));
    }
}
