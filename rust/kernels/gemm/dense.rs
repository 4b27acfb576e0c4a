//! `activation(x @ kernel + bias)`, with the kernel as it lies or packed beforehand.

use super::ordered::{Finish, Ordered, Right, multiply};
use super::pack::PackedRight;
use super::{Matrix, Target};
use crate::kernels::activate::Activation;
use crate::simd::{self, Element, InstructionSet};

/// A kernel as the register tile walks it: packed once, where many products read it.
pub struct PackedKernel<T: Element> {
    set: InstructionSet,
    right: PackedRight<T>,
}

impl<T: Element> PackedKernel<T> {
    /// Packs a kernel `(k, n)` for the current instruction set.
    pub fn new([k, n]: [usize; 2], kernel: &[T]) -> Self {
        assert_eq!(kernel.len(), k * n);
        let set = simd::current();
        Self { set, right: PackedRight::new(set, Matrix::rows(kernel, n), k, n) }
    }

    /// Rows and columns: `(k, n)`.
    pub fn shape(&self) -> [usize; 2] {
        [self.right.steps, self.right.columns]
    }
}

/// `y = activation(x @ kernel + bias)`: x `(m, k)`, kernel `(k, n)`, bias `(n,)`.
pub fn dense<T: Element>(
    [m, k, n]: [usize; 3],
    x: &[T],
    kernel: &[T],
    bias: Option<&[T]>,
    activation: Activation,
    y: &mut [T],
) {
    assert_eq!(kernel.len(), k * n);
    multiply_dense(
        simd::current(),
        [m, k, n],
        x,
        Right::Plain(Matrix::rows(kernel, n)),
        Finish { bias, activation },
        y,
    );
}

/// `dense` with a packed kernel: the same bits.
pub fn dense_packed<T: Element>(
    m: usize,
    x: &[T],
    kernel: &PackedKernel<T>,
    bias: Option<&[T]>,
    activation: Activation,
    y: &mut [T],
) {
    let [k, n] = kernel.shape();
    multiply_dense(kernel.set, [m, k, n], x, Right::Packed(&kernel.right, 0), Finish { bias, activation }, y);
}

fn multiply_dense<T: Element>(
    set: InstructionSet,
    [rows, inner, columns]: [usize; 3],
    x: &[T],
    right: Right<'_, T>,
    finish: Finish<'_, T>,
    y: &mut [T],
) {
    assert_eq!((x.len(), y.len()), (rows * inner, rows * columns));
    assert!(finish.bias.is_none_or(|bias| bias.len() == columns));
    let out = Target::rows(y, columns);
    let left = Matrix::rows(x, inner);
    multiply(set, 1, |_| Ordered { left, right, rows, inner, columns, out, finish });
}
