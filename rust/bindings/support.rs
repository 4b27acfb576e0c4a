//! What every binding uses: arrays in, arrays out, one place that leaves Python's lock, one mapping of errors.

use crate::denormals::FlushDenormals;
use crate::error::{KernelError, Result};
use crate::memory::{Block, Buffer, OutOfMemory, Plain};
use crate::simd::Element;
use numpy::ndarray::{ArrayView, IxDyn};
use numpy::{PyArrayDyn, PyReadonlyArrayDyn, PyReadwriteArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyMemoryError, PyRuntimeError};
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The classes of `kinema.errors`, found when the first error is raised.
mod errors {
    #![allow(missing_docs)] // documented in Python
    pyo3::import_exception!(kinema.errors, ShapeError);
    pyo3::import_exception!(kinema.errors, DTypeError);
    pyo3::import_exception!(kinema.errors, ArgumentError);
}

/// The only mapping from kernel errors to Python's.
pub fn to_python(error: KernelError) -> PyErr {
    let text = error.to_string();
    match error {
        KernelError::Shape(_) => errors::ShapeError::new_err(text),
        KernelError::DType(_) => errors::DTypeError::new_err(text),
        KernelError::Argument(_) => errors::ArgumentError::new_err(text),
    }
}

/// Runs a fallible kernel without Python's lock and with denormals flushed: the only place that does either.
pub fn try_compute<T: Send>(py: Python<'_>, kernel: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    let computed = py.detach(|| {
        let _flush = FlushDenormals::new();
        catch_unwind(AssertUnwindSafe(kernel))
    });
    match computed.map_err(|panic| panic.downcast::<OutOfMemory>()) {
        Ok(result) => result.map_err(to_python),
        Err(Ok(refused)) => {
            let text = format!("no room for {} bytes: use smaller batches or fewer units", refused.bytes);
            Err(PyMemoryError::new_err(text))
        }
        Err(Err(panic)) => resume_unwind(panic),
    }
}

/// `try_compute` for kernels that cannot fail.
pub fn compute<T: Send>(py: Python<'_>, kernel: impl FnOnce() -> T + Send) -> PyResult<T> {
    try_compute(py, || Ok(kernel()))
}

/// The element types of `FloatArray`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum DType {
    F32,
    F64,
}

/// A float32 or float64 array that Python lends for the time of a call. May be read-only.
pub enum FloatArray<'py> {
    F32(PyReadonlyArrayDyn<'py, f32>),
    F64(PyReadonlyArrayDyn<'py, f64>),
}

/// A float32 or float64 array that a kernel updates in place.
pub enum FloatArrayMut<'py> {
    F32(PyReadwriteArrayDyn<'py, f32>),
    F64(PyReadwriteArrayDyn<'py, f64>),
}

/// Borrowed elements in C order with their shape: what kernels are called with.
#[derive(Clone, Copy)]
pub struct View<'a, T> {
    pub data: &'a [T],
    pub shape: &'a [usize],
}

fn describe(object: &Bound<'_, PyAny>) -> String {
    let Ok(dtype) = object.getattr("dtype") else { return object.get_type().to_string() };
    let writeable = object.getattr("flags").and_then(|flags| flags.getattr("writeable")?.is_truthy());
    format!("{dtype}{}", if writeable.unwrap_or(true) { "" } else { " (read-only)" })
}

/// The error for an array that cannot be lent: it is of another kind, or somebody else has it.
fn refuse(object: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    let found = describe(object);
    if found == "float32" || found == "float64" {
        return PyRuntimeError::new_err(
            "an array that another thread is using, or that is given twice, would be written to: let threads that train \
             and predict with the same weights take turns, by a threading.Lock around each call",
        );
    }
    to_python(KernelError::dtype("kinema._rust", "an array", expected, found))
}

macro_rules! extract_float {
    ($name:ident, $expected:literal) => {
        impl<'a, 'py> FromPyObject<'a, 'py> for $name<'py> {
            type Error = PyErr;
            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                if let Ok(array) = object.extract() {
                    return Ok(Self::F32(array));
                }
                object.extract().map(Self::F64).map_err(|_| refuse(&object, $expected))
            }
        }

        impl $name<'_> {
            /// Which of the two element types it has.
            pub fn dtype(&self) -> DType {
                match self {
                    Self::F32(_) => DType::F32,
                    Self::F64(_) => DType::F64,
                }
            }
        }
    };
}
extract_float!(FloatArray, "of float32 or float64");
extract_float!(FloatArrayMut, "of float32 or float64, writable, and given only once");

/// f32 and f64, as they come from Python.
pub trait PyElement: Element + numpy::Element {
    /// The view if the array has this type.
    fn view<'a>(array: &'a FloatArray<'_>) -> Option<(Option<&'a [Self]>, &'a [usize])>;
    /// The elements if the array has this type.
    fn elements_mut<'a>(array: &'a mut FloatArrayMut<'_>) -> Option<Option<&'a mut [Self]>>;
}

macro_rules! py_element {
    ($t:ident, $variant:ident) => {
        impl PyElement for $t {
            fn view<'a>(array: &'a FloatArray<'_>) -> Option<(Option<&'a [Self]>, &'a [usize])> {
                let FloatArray::$variant(array) = array else { return None };
                let contiguous = array.is_c_contiguous().then(|| array.as_slice().ok()).flatten();
                Some((contiguous, array.shape()))
            }
            fn elements_mut<'a>(array: &'a mut FloatArrayMut<'_>) -> Option<Option<&'a mut [Self]>> {
                let FloatArrayMut::$variant(array) = array else { return None };
                let contiguous = array.is_c_contiguous();
                Some(if contiguous { array.as_slice_mut().ok() } else { None })
            }
        }
    };
}
py_element!(f32, F32);
py_element!(f64, F64);

impl FloatArray<'_> {
    /// The elements as `T`; an error names the operation and argument if they are of the other type or not contiguous.
    pub fn view<T: PyElement>(&self, op: &'static str, argument: &'static str) -> PyResult<View<'_, T>> {
        let (data, shape) = T::view(self).ok_or_else(|| other_type(op, argument))?;
        let data = data.ok_or_else(|| not_contiguous(op, argument))?;
        Ok(View { data, shape })
    }
}

impl FloatArrayMut<'_> {
    /// The elements as `T`, to be written.
    pub fn elements<T: PyElement>(&mut self, op: &'static str, argument: &'static str) -> PyResult<&mut [T]> {
        let data = T::elements_mut(self).ok_or_else(|| other_type(op, argument))?;
        data.ok_or_else(|| not_contiguous(op, argument))
    }
}

/// `view` of an argument that may be None.
pub fn optional_view<'a, T: PyElement>(
    array: &'a Option<FloatArray<'_>>,
    op: &'static str,
    argument: &'static str,
) -> PyResult<Option<View<'a, T>>> {
    array.as_ref().map(|array| array.view(op, argument)).transpose()
}

/// The elements of an array of another type, in C order.
pub fn contiguous<'a, T: numpy::Element>(
    array: &'a PyReadonlyArrayDyn<'_, T>,
    op: &'static str,
    argument: &'static str,
) -> PyResult<&'a [T]> {
    let slice = if array.is_c_contiguous() { array.as_slice().ok() } else { None };
    slice.ok_or_else(|| not_contiguous(op, argument))
}

fn other_type(op: &'static str, argument: &'static str) -> PyErr {
    to_python(KernelError::dtype(op, argument, "of the same dtype as the first array", "the other float type"))
}

fn not_contiguous(op: &'static str, argument: &'static str) -> PyErr {
    to_python(KernelError::dtype(op, argument, "C-contiguous and aligned", "another memory layout"))
}

impl<'a, T> View<'a, T> {
    /// The shape of an array that must have `N` axes, `meaning` says which.
    pub fn shape<const N: usize>(
        &self,
        op: &'static str,
        argument: &'static str,
        meaning: &str,
    ) -> PyResult<[usize; N]> {
        <[usize; N]>::try_from(self.shape)
            .map_err(|_| to_python(KernelError::shape(op, argument, format!("of {N} axes ({meaning})"), self.shape)))
    }
}

/// Evaluates a body with `T` standing for the element type of an array.
macro_rules! for_dtype {
    ($array:expr, $T:ident => $body:expr) => {
        match $array.dtype() {
            $crate::bindings::support::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::bindings::support::DType::F64 => {
                type $T = f64;
                $body
            }
        }
    };
}
pub(crate) use for_dtype;

/// Keeps the memory of an array alive; when the last array over it dies, it goes back to the pool.
#[pyclass(frozen, module = "kinema._rust")]
pub struct RecycledMemory {
    _block: Block,
}

/// Hands a buffer to NumPy as an array of `shape`, nothing copied.
pub fn new_array<'py, T: Plain + numpy::Element>(
    py: Python<'py>,
    buffer: Buffer<T>,
    shape: &[usize],
) -> PyResult<Bound<'py, PyAny>> {
    assert_eq!(buffer.len(), shape.iter().product::<usize>(), "a kernel returned a buffer of another size");
    let (data, _, block) = buffer.into_block();
    let owner = Bound::new(py, RecycledMemory { _block: block })?.into_any();
    // SAFETY: data holds as many elements as the shape says (checked above), and lives as long as the owner, which becomes
    // the base of the array; nobody else has access to it.
    unsafe {
        let view = ArrayView::from_shape_ptr(IxDyn(shape), data.as_ptr().cast_const());
        Ok(PyArrayDyn::borrow_from_array(&view, owner).into_any())
    }
}
