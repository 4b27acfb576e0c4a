//! The machine: instruction set, threads, memory.

use super::support::to_python;
use crate::error::{KernelError, Result};
use crate::kernels::precision::{self, Precision};
use crate::simd::InstructionSet;
use crate::{kernels, memory, parallel, simd};
use pyo3::prelude::*;

/// Applies `KINEMA_ISA` and `KINEMA_NUM_THREADS`. Empty ones count as unset.
#[pyfunction]
pub fn read_environment() -> PyResult<()> {
    if let Some(name) = variable("KINEMA_ISA") {
        simd::choose_by_name(&name).map_err(to_python)?;
    }
    if let Some(text) = variable("KINEMA_NUM_THREADS") {
        let count = text.trim().parse().unwrap_or(0);
        check_threads("the environment variable KINEMA_NUM_THREADS", count, &text).map_err(to_python)?;
        parallel::set_threads(count);
    }
    Ok(())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.trim().is_empty())
}

fn check_threads(argument: &'static str, count: usize, got: impl std::fmt::Debug) -> Result<()> {
    if (1..=parallel::MAX_THREADS).contains(&count) {
        return Ok(());
    }
    let expected = format!("a whole number from 1 to {}", parallel::MAX_THREADS);
    Err(KernelError::argument("kinema", argument, expected, got))
}

/// The instruction set that kernels run on.
#[pyfunction]
pub fn instruction_set() -> &'static str {
    simd::current().name()
}

/// The instruction sets of this machine, best first.
#[pyfunction]
pub fn available_instruction_sets() -> Vec<&'static str> {
    InstructionSet::available().into_iter().map(InstructionSet::name).collect()
}

/// Sets the number of threads that kernels run on. Results do not depend on it.
#[pyfunction]
pub fn set_num_threads(n: i64) -> PyResult<()> {
    check_threads("the number of threads", usize::try_from(n).unwrap_or(0), n).map_err(to_python)?;
    parallel::set_threads(n as usize);
    Ok(())
}

/// The number of threads that kernels run on.
#[pyfunction]
pub fn get_num_threads() -> usize {
    parallel::threads()
}

/// Chooses between "fast", the default, and "exact": see `kernels::precision`.
#[pyfunction]
pub fn set_precision(precision: &str) -> PyResult<()> {
    let chosen = match precision {
        "exact" => Precision::Exact,
        "fast" => Precision::Fast,
        other => return Err(to_python(KernelError::argument("kinema", "the precision", "'exact' or 'fast'", other))),
    };
    precision::set_precision(chosen);
    Ok(())
}

/// "exact" or "fast".
#[pyfunction]
pub fn get_precision() -> &'static str {
    match precision::precision() {
        Precision::Exact => "exact",
        Precision::Fast => "fast",
    }
}

/// Gives recycled memory back to the system.
#[pyfunction]
pub fn clear_memory() {
    kernels::clear();
    memory::clear();
}

/// Bytes of recycled memory that wait for their next use.
#[pyfunction]
pub fn pooled_bytes() -> usize {
    memory::pooled_bytes()
}
