//! Adam, and its AMSGrad variant.

use super::{check_lengths, for_each_chunk};
use crate::error::{KernelError, Result};
use crate::simd::{Element, Kernel, Simd, dispatch};

/// Settings of `adam_update`.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// The learning rate.
    pub rate: f64,
    /// How much of the mean gradient stays.
    pub beta_1: f64,
    /// How much of the mean square stays.
    pub beta_2: f64,
    /// Added to the root of the mean square, which is not corrected for its start at zero.
    pub epsilon: f64,
    /// Which update this is, from 1 on.
    pub step: u64,
}

/// m += (g - m)(1 - beta_1); v += (g² - v)(1 - beta_2); w -= m alpha / (sqrt(v) + epsilon), where
/// alpha = rate sqrt(1 - beta_2^step) / (1 - beta_1^step). With `vhat` (vhat = max(vhat, v)) it takes the place of v.
pub fn adam_update<T: Element>(
    w: &mut [T],
    g: &[T],
    m: &mut [T],
    v: &mut [T],
    vhat: Option<&mut [T]>,
    settings: Adam,
) -> Result<()> {
    if settings.step == 0 {
        return Err(KernelError::argument("adam_update", "step", "at least 1", settings.step));
    }
    let slots = [("g", Some(g)), ("m", Some(&*m)), ("v", Some(&*v)), ("vhat", vhat.as_deref())];
    check_lengths("adam_update", w, &slots)?;
    let Adam { rate, beta_1, beta_2, epsilon, step } = settings;
    let power = |beta: f64| 1.0 - beta.powf(step as f64);
    let alpha = rate * power(beta_2).sqrt() / power(beta_1);
    let factors = [alpha, 1.0 - beta_1, 1.0 - beta_2, epsilon].map(T::from_f64);
    let maximal = vhat.is_some();
    for_each_chunk([w, m, v, vhat.unwrap_or_default()], g, |arrays, g| match maximal {
        false => dispatch(Update::<T, false> { arrays, g, factors }),
        true => dispatch(Update::<T, true> { arrays, g, factors }),
    });
    Ok(())
}

struct Update<'a, T, const MAXIMAL: bool> {
    /// Weights, mean gradient, mean square, its maximum.
    arrays: [&'a mut [T]; 4],
    g: &'a [T],
    /// alpha, 1 - beta_1, 1 - beta_2, epsilon.
    factors: [T; 4],
}

impl<T: Element, const MAXIMAL: bool> Kernel for Update<'_, T, MAXIMAL> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let [w, m, v, vhat] = self.arrays;
        let [alpha, rest_1, rest_2, epsilon] = self.factors;
        let len = self.g.len();
        let (g, w, m, v) = (self.g, &mut w[..len], &mut m[..len], &mut v[..len]);
        let vhat = &mut vhat[..if MAXIMAL { len } else { 0 }];
        for i in 0..len {
            m[i] += (g[i] - m[i]) * rest_1;
            v[i] += (g[i] * g[i] - v[i]) * rest_2;
            let mut size = v[i];
            if MAXIMAL {
                vhat[i] = if vhat[i] > size { vhat[i] } else { size };
                size = vhat[i];
            }
            w[i] -= m[i] * alpha / (size.sqrt() + epsilon);
        }
    }
}
