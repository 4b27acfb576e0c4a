//! Kernels over a table of shapes, on one thread and on all, with per cent of the measured peak of fused multiply-add:
//! `cargo bench --no-default-features --bench kernels [-- FILTER]`. `KINEMA_ISA` chooses the instruction set.
//!
//! Operations are counted as a direct algorithm would do them, so one that saves multiplications may exceed the peak. The
//! shapes are those of the reference model (64 frames of 128x128) and of the usual video networks.

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use kinema_rust::geometry::ConvGeometry;
use kinema_rust::kernels::activate::Activation;
use kinema_rust::kernels::conv2d::{Wanted, conv2d, conv2d_grad};
use kinema_rust::kernels::conv2d_pool::{PooledConvGeometry, conv2d_pool, conv2d_pool_grad};
use kinema_rust::kernels::frames::Source;
use kinema_rust::kernels::gemm::{LEAF, Matmul, dense, matmul};
use kinema_rust::kernels::recurrent::{Lstm, Recurrence, Walk, lstm, lstm_grad};
use kinema_rust::parallel::{self, available_threads, set_threads};
use kinema_rust::simd::{self, Element, Kernel, Simd, Vector};
use std::hint::black_box;
use std::time::{Duration, Instant};

fn main() {
    if let Ok(name) = std::env::var("KINEMA_ISA") {
        simd::choose_by_name(&name).unwrap_or_else(|error| panic!("{error}"));
    }
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(700))
        .configure_from_args();
    let mut table = Table::default();
    for threads in [1, available_threads()] {
        set_threads(threads);
        let mut group = criterion.benchmark_group(format!("{threads} threads"));
        let mut bench = Bench { group: &mut group, table: &mut table, threads };
        pooled_convolutions(&mut bench);
        convolutions(&mut bench);
        products(&mut bench);
        recurrences(&mut bench);
        group.finish();
        if threads == available_threads() {
            break;
        }
    }
    criterion.final_summary();
    table.print();
}

/// Runs cases for one number of threads.
struct Bench<'a, 'c> {
    group: &'a mut BenchmarkGroup<'c, WallTime>,
    table: &'a mut Table,
    threads: usize,
}

impl Bench<'_, '_> {
    /// Times `run`, which does `operations` multiplications and additions.
    fn case<R>(&mut self, name: &str, operations: usize, mut run: impl FnMut() -> R) {
        let mut best = f64::INFINITY;
        self.group.throughput(Throughput::Elements(operations as u64));
        self.group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let begun = Instant::now();
                for _ in 0..iterations {
                    black_box(run());
                }
                let spent = begun.elapsed();
                best = best.min(spent.as_secs_f64() / iterations as f64);
                spent
            });
        });
        if best.is_finite() {
            // Measured now, so that both stand for the same state of the machine.
            self.table.rows.push(Row {
                name: name.to_owned(),
                threads: self.threads,
                seconds: best,
                operations: operations as f64,
                peak: peak(self.threads),
            });
        }
    }
}

struct Row {
    name: String,
    threads: usize,
    seconds: f64,
    operations: f64,
    peak: f64,
}

/// What criterion does not show.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
}

impl Table {
    fn print(&self) {
        println!("| kernel ({}) | threads | ms | GFLOP/s | % of FMA peak |", simd::current().name());
        println!("| --- | ---: | ---: | ---: | ---: |");
        for row in &self.rows {
            let (rate, ms) = (row.operations / row.seconds, row.seconds * 1e3);
            let (threads, percent) = (row.threads, 100.0 * rate / row.peak);
            println!("| {} | {threads} | {ms:.3} | {:.0} | {percent:.0} |", row.name, rate / 1e9);
        }
    }
}

/// Fused multiply-adds that depend on nothing but themselves, in as many registers as hide their latency.
struct Burst {
    rounds: usize,
}

impl Kernel for Burst {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self) -> f32 {
        const REGISTERS: usize = 12;
        let factor = S::F32::splat(black_box(0.999));
        let addend = S::F32::splat(black_box(0.001));
        let mut sums = [S::F32::splat(black_box(1.0)); REGISTERS];
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = sum.mul_add(factor, addend);
            }
        }
        sums.into_iter().fold(S::F32::zero(), |total, sum| total.add(sum)).reduce_sum()
    }
}

/// Operations a second of the fastest of some bursts on all threads at once.
fn peak(threads: usize) -> f64 {
    const ROUNDS: usize = 1 << 19;
    let operations = (threads * ROUNDS * 12 * simd::lanes::<f32>() * 2) as f64;
    let burst = || {
        let begun = Instant::now();
        parallel::for_each(threads, 1, |_| {
            black_box(simd::dispatch(Burst { rounds: ROUNDS }));
        });
        operations / begun.elapsed().as_secs_f64()
    };
    (0..12).map(|_| burst()).fold(0.0, f64::max)
}

/// Numbers between -1 and 1 with mean about 0.
fn values(len: usize, seed: usize) -> Vec<f32> {
    let number = |i: usize| (i.wrapping_mul(2_654_435_761).wrapping_add(seed * 40_503) >> 7) & 1023;
    (0..len).map(|i| f32::from_f64(number(i) as f64 / 511.5 - 1.0)).collect()
}

/// Convolution, ReLU and 2x2 max pooling: the three layers of the reference model, and the first one of a small frame.
fn pooled_convolutions(bench: &mut Bench<'_, '_>) {
    for (name, frames, size, cin, cout) in [
        ("layer 1, 64x128x128x3 to 32", 64, 128, 3, 32),
        ("layer 2, 64x63x63x32 to 64", 64, 63, 32, 64),
        ("layer 3, 64x30x30x64 to 128", 64, 30, 64, 128),
        ("one frame, 1x64x64x3 to 32", 1, 64, 3, 32),
    ] {
        let conv = geometry(frames, size, cin, cout, 3, 1, false, 1);
        let g = PooledConvGeometry::new("bench", conv, (2, 2)).expect("a valid shape");
        let (x, kernel, bias) = operands(&conv);
        let products = 2 * work(&conv);
        let forward =
            || conv2d_pool(&g, Source::Floats(&x), &kernel, Some(&bias), Activation::Relu).expect("valid operands");
        bench.case(&format!("conv2d_pool {name}"), products, forward);
        let (y, argmax) = forward();
        let dy = values(y.len(), 4);
        bench.case(&format!("conv2d_pool_grad {name}"), 2 * products, || {
            conv2d_pool_grad(&g, &dy, &argmax, Source::Floats(&x), &kernel, true).expect("valid operands")
        });
    }
}

/// Plain convolutions, forward and both gradients.
fn convolutions(bench: &mut Bench<'_, '_>) {
    for (name, frames, size, cin, cout, kernel, stride, same, groups) in [
        ("3x3 16x56x56x64 to 64 same", 16, 56, 64, 64, 3, 1, true, 1),
        ("3x3 16x28x28x128 to 128 same", 16, 28, 128, 128, 3, 1, true, 1),
        ("3x3 16x7x7x256 to 256 same", 16, 7, 256, 256, 3, 1, true, 1),
        ("3x3 32x112x112x3 to 32 same", 32, 112, 3, 32, 3, 1, true, 1),
        ("1x1 16x56x56x64 to 128", 16, 56, 64, 128, 1, 1, false, 1),
        ("1x1 16x13x13x256 to 256", 16, 13, 256, 256, 1, 1, false, 1),
        ("5x5 16x28x28x32 to 64 same", 16, 28, 32, 64, 5, 1, true, 1),
        ("7x7/2 16x112x112x3 to 64 same", 16, 112, 3, 64, 7, 2, true, 1),
        ("3x3/2 16x56x56x64 to 128 same", 16, 56, 64, 128, 3, 2, true, 1),
        ("3x3 depthwise 16x56x56x64 same", 16, 56, 64, 64, 3, 1, true, 64),
        ("3x3/2 depthwise 16x55x55x64", 16, 55, 64, 64, 3, 2, false, 64),
    ] {
        let g = geometry(frames, size, cin, cout, kernel, stride, same, groups);
        let (x, weights, bias) = operands(&g);
        let dy = values(g.output_shape().iter().product(), 4);
        let products = 2 * work(&g);
        bench.case(&format!("conv2d {name}"), products, || {
            conv2d(&g, Source::Floats(&x), &weights, Some(&bias), Activation::Relu).expect("valid operands")
        });
        bench.case(&format!("conv2d_input_grad {name}"), products, || {
            conv2d_grad(&g, Source::Floats(&x), &weights, &dy, Wanted { input: true, kernel: false })
                .expect("valid operands")
        });
        bench.case(&format!("conv2d_kernel_grad {name}"), products, || {
            conv2d_grad(&g, Source::Floats(&x), &weights, &dy, Wanted { input: false, kernel: true })
                .expect("valid operands")
        });
    }
}

fn geometry(
    frames: usize,
    size: usize,
    cin: usize,
    cout: usize,
    kernel: usize,
    stride: usize,
    same: bool,
    groups: usize,
) -> ConvGeometry {
    let (square, strides) = ((size, size), (stride, stride));
    ConvGeometry::new("bench", frames, square, (cin, cout), (kernel, kernel), strides, same, (1, 1), groups)
        .expect("a valid shape")
}

fn operands(g: &ConvGeometry) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let shapes = [g.input_shape(), g.kernel_shape()].map(|shape| shape.iter().product());
    (values(shapes[0], 1), values(shapes[1], 2), values(g.cout, 3))
}

/// Multiply-adds of the direct algorithm.
fn work(g: &ConvGeometry) -> usize {
    let outputs: usize = g.output_shape().iter().product();
    outputs * g.rows.kernel * g.cols.kernel * g.cin / g.groups
}

/// Matrix products, `(m x k) @ (k x n)`: the input products of recurrent layers, their gradients, dense layers, one row.
fn products(bench: &mut Bench<'_, '_>) {
    for (m, k, n) in [(64, 25088, 512), (1024, 256, 512), (64, 1024, 1024), (512, 512, 512), (1, 25088, 512)] {
        let (x, kernel, bias) = (values(m * k, 1), values(k * n, 2), values(n, 3));
        let mut y = vec![0.0; m * n];
        bench.case(&format!("dense {m}x{k}x{n}"), 2 * m * k * n, || {
            dense([m, k, n], &x, &kernel, Some(&bias), Activation::Linear, &mut y);
        });
    }
    for (name, a, b, transpose_a, transpose_b) in [
        ("dx 64x512 @ (25088x512)^T", [64, 512], [25088, 512], false, true),
        ("dw (64x25088)^T @ 64x512", [64, 25088], [64, 512], true, false),
        ("dw (1024x256)^T @ 1024x512", [1024, 256], [1024, 512], true, false),
    ] {
        let shape = Matmul::new(&a, &b, transpose_a, transpose_b).expect("fitting shapes");
        let (a, b) = (values(a[0] * a[1], 1), values(b[0] * b[1], 2));
        let mut c = vec![0.0; shape.rows * shape.columns];
        let operations = 2 * shape.rows * shape.inner * shape.columns;
        bench.case(&format!("matmul {name}"), operations, || matmul(shape, LEAF, &a, &b, &mut c));
    }
}

/// LSTM(128) without its input product: batch x steps.
fn recurrences(bench: &mut Bench<'_, '_>) {
    const UNITS: usize = 128;
    for (batch, steps) in [(4, 16), (4, 64), (16, 64), (1, 64)] {
        let state = vec![0.0; batch * UNITS];
        let kernel: Vec<f32> = values(UNITS * 4 * UNITS, 1).iter().map(|value| value * 0.1).collect();
        let z = values(batch * steps * 4 * UNITS, 2);
        let cell = Lstm {
            walk: Walk {
                shape: Recurrence { batch, steps, units: UNITS, go_backwards: false },
                kernel: &kernel,
                h0: &state,
                mask: None,
                recurrent_mask: None,
            },
            peepholes: None,
            c0: &state,
            activation: Activation::Tanh,
            recurrent_activation: Activation::Sigmoid,
        };
        let operations = 2 * batch * steps * UNITS * 4 * UNITS;
        bench.case(&format!("lstm {batch}x{steps}, 128 units"), operations, || lstm(cell, &z, true));
        let outputs = lstm(cell, &z, true);
        let dhs = values(batch * steps * UNITS, 3);
        bench.case(&format!("lstm_grad {batch}x{steps}, 128 units"), 2 * operations, || {
            lstm_grad(cell, &dhs, None, [&outputs.hs, &outputs.cs, &outputs.saved])
        });
    }
}
