//! The four kernels over groups of rows.

use crate::simd::slices::{largest, map, sum};
use crate::simd::{Element, Kernel, Simd, Vector, math};

pub struct Softmax<'a, T> {
    pub x: &'a [T],
    pub y: &'a mut [T],
    pub n: usize,
}

pub struct LogSoftmax<'a, T> {
    pub x: &'a [T],
    pub y: &'a mut [T],
    pub n: usize,
}

pub struct SoftmaxGrad<'a, T> {
    pub dy: &'a [T],
    pub y: &'a [T],
    pub dx: &'a mut [T],
    pub n: usize,
}

pub struct LogSoftmaxGrad<'a, T> {
    pub dy: &'a [T],
    pub y: &'a [T],
    pub dx: &'a mut [T],
    pub n: usize,
}

impl<T: Element> Kernel for Softmax<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (x, y) in self.x.chunks_exact(self.n).zip(self.y.chunks_exact_mut(self.n)) {
            let shift = T::Vector::<S>::splat(largest::<T, S>(x));
            map::<T, S, _>([x], y, |[x]| math::exp(x.sub(shift)));
            let total = sum::<T, S, 1>([y], |[y]| y);
            let scale = T::ONE / total;
            y.iter_mut().for_each(|y| *y *= scale);
        }
    }
}

impl<T: Element> Kernel for LogSoftmax<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (x, y) in self.x.chunks_exact(self.n).zip(self.y.chunks_exact_mut(self.n)) {
            let shift = T::Vector::<S>::splat(largest::<T, S>(x));
            map::<T, S, _>([x], y, |[x]| math::exp(x.sub(shift)));
            let total = sum::<T, S, 1>([y], |[y]| y);
            let log_total = math::ln(T::Vector::<S>::splat(total));
            map::<T, S, _>([x], y, |[x]| x.sub(shift).sub(log_total));
        }
    }
}

impl<T: Element> Kernel for SoftmaxGrad<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let rows = self.dy.chunks_exact(self.n).zip(self.y.chunks_exact(self.n));
        for ((dy, y), dx) in rows.zip(self.dx.chunks_exact_mut(self.n)) {
            let mean = T::Vector::<S>::splat(sum::<T, S, 2>([dy, y], |[dy, y]| dy.mul(y)));
            map::<T, S, _>([dy, y], dx, |[dy, y]| dy.sub(mean).mul(y));
        }
    }
}

impl<T: Element> Kernel for LogSoftmaxGrad<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let rows = self.dy.chunks_exact(self.n).zip(self.y.chunks_exact(self.n));
        for ((dy, y), dx) in rows.zip(self.dx.chunks_exact_mut(self.n)) {
            let total = T::Vector::<S>::splat(sum::<T, S, 1>([dy], |[dy]| dy));
            map::<T, S, _>([dy, y], dx, |[dy, y]| math::exp(y).neg_mul_add(total, dy));
        }
    }
}
