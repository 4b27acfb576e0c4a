//! RMSprop: gradients divided by a running mean of their size.

use super::{check_lengths, for_each_chunk};
use crate::error::Result;
use crate::simd::{Element, Kernel, Simd, dispatch};

/// Settings of `rmsprop_update`.
#[derive(Clone, Copy, Debug)]
pub struct RmsProp {
    /// The learning rate.
    pub rate: f64,
    /// How much of the running means stays.
    pub rho: f64,
    /// How much of the velocity stays.
    pub momentum: f64,
    /// Added to the mean square.
    pub epsilon: f64,
}

/// s = rho s + (1 - rho) g²; step = rate g / sqrt(s + epsilon), with `mean_grad` (m = rho m + (1 - rho) g) the root of
/// s - m² + epsilon; w -= step, or with `velocity` (v = momentum v + step) w -= v.
pub fn rmsprop_update<T: Element>(
    w: &mut [T],
    g: &[T],
    mean_square: &mut [T],
    mean_grad: Option<&mut [T]>,
    velocity: Option<&mut [T]>,
    settings: RmsProp,
) -> Result<()> {
    let slots = [
        ("g", Some(g)),
        ("mean_square", Some(&*mean_square)),
        ("mean_grad", mean_grad.as_deref()),
        ("velocity", velocity.as_deref()),
    ];
    check_lengths("rmsprop_update", w, &slots)?;
    let (centered, moving) = (mean_grad.is_some(), velocity.is_some());
    let arrays = [w, mean_square, mean_grad.unwrap_or_default(), velocity.unwrap_or_default()];
    for_each_chunk(arrays, g, |arrays, g| match (centered, moving) {
        (false, false) => dispatch(Update::<T, false, false> { arrays, g, settings }),
        (false, true) => dispatch(Update::<T, false, true> { arrays, g, settings }),
        (true, false) => dispatch(Update::<T, true, false> { arrays, g, settings }),
        (true, true) => dispatch(Update::<T, true, true> { arrays, g, settings }),
    });
    Ok(())
}

struct Update<'a, T, const CENTERED: bool, const MOVING: bool> {
    /// Weights, mean square, mean gradient, velocity.
    arrays: [&'a mut [T]; 4],
    g: &'a [T],
    settings: RmsProp,
}

impl<T: Element, const CENTERED: bool, const MOVING: bool> Kernel for Update<'_, T, CENTERED, MOVING> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let [w, mean_square, mean_grad, velocity] = self.arrays;
        let RmsProp { rate, rho, momentum, epsilon } = self.settings;
        let [rate, rho, rest, momentum, epsilon] = [rate, rho, 1.0 - rho, momentum, epsilon].map(T::from_f64);
        let len = self.g.len();
        let (g, w, mean_square) = (self.g, &mut w[..len], &mut mean_square[..len]);
        let mean_grad = &mut mean_grad[..if CENTERED { len } else { 0 }];
        let velocity = &mut velocity[..if MOVING { len } else { 0 }];
        for i in 0..len {
            mean_square[i] = rho * mean_square[i] + rest * (g[i] * g[i]);
            let mut size = mean_square[i] + epsilon;
            if CENTERED {
                mean_grad[i] = rho * mean_grad[i] + rest * g[i];
                size = mean_square[i] - mean_grad[i] * mean_grad[i] + epsilon;
            }
            let mut step = rate * g[i] / size.sqrt();
            if MOVING {
                velocity[i] = momentum * velocity[i] + step;
                step = velocity[i];
            }
            w[i] -= step;
        }
    }
}
