//! Kernels of Kinema: train and run video models on ordinary CPUs.
