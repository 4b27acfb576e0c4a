//! What Python sees as `kinema._rust`: one thin file per kernel family, each function converts, calls and returns.

mod activate;
mod audio;
mod column_sums;
mod conv2d;
mod conv2d_chain;
mod conv2d_pool;
mod dense_chain;
mod frames;
mod gemm;
mod geometry;
mod image;
mod machine;
mod normalization;
mod optimizers;
mod pool2d;
mod random;
mod recurrent;
mod rows;
mod softmax;
mod support;

use pyo3::prelude::*;

/// Kernels of Kinema. Arrays are C-contiguous float32 or float64, channels last; `kinema.ops` is the public face.
#[pymodule(gil_used = true)]
mod _rust {
    use super::*;

    #[pymodule_export]
    use super::activate::{activate, activate_grad};
    #[pymodule_export]
    use super::audio::mel_features;
    #[pymodule_export]
    use super::column_sums::column_sums;
    #[pymodule_export]
    use super::conv2d::{conv2d, conv2d_grad};
    #[pymodule_export]
    use super::conv2d_chain::Conv2DChain;
    #[pymodule_export]
    use super::conv2d_pool::{conv2d_pool, conv2d_pool_grad};
    #[pymodule_export]
    use super::dense_chain::dense_chain;
    #[pymodule_export]
    use super::frames::frames_to_float;
    #[pymodule_export]
    use super::gemm::{PackedKernel, dense, dense_update, matmul};
    #[pymodule_export]
    use super::geometry::conv_output_size;
    #[pymodule_export]
    use super::image::convert_picture;
    #[pymodule_export]
    use super::machine::{
        available_instruction_sets, clear_memory, get_num_threads, get_precision, instruction_set, pooled_bytes,
        read_environment, set_num_threads, set_precision,
    };
    #[pymodule_export]
    use super::normalization::{
        batch_norm, batch_norm_grad, batch_statistics, channel_affine, layer_norm, layer_norm_grad,
    };
    #[pymodule_export]
    use super::optimizers::{UpdateRule, move_average, sum_of_squares, weight_decay};
    #[pymodule_export]
    use super::pool2d::{
        average_pool2d, average_pool2d_grad, global_average_pool2d, global_average_pool2d_grad, global_max_pool2d,
        global_max_pool2d_grad, max_pool2d, max_pool2d_grad,
    };
    #[pymodule_export]
    use super::random::{dropout, random_normal, random_uniform};
    #[pymodule_export]
    use super::recurrent::{gru, gru_grad, lstm, lstm_grad, simple_rnn, simple_rnn_grad};
    #[pymodule_export]
    use super::rows::{scatter_add_rows, take_rows};
    #[pymodule_export]
    use super::softmax::{log_softmax, log_softmax_grad, softmax, softmax_grad};
    #[pymodule_export]
    use super::support::RecycledMemory;
    #[pymodule_export]
    use crate::kernels::activate::Activation;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
