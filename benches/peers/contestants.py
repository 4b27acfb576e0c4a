"""Who takes part: which builder, which environment, in which workloads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from workloads import PREDICT, TRAIN, Workload

#: glibc gives large blocks back to the system and faults them in again, each step; told not to, torch is much faster.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
_TENSORFLOW = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

#: Variables that choose a kernel by hand would handicap whoever reads them.
DROPPED = ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "KERAS_BACKEND")


@dataclass(frozen=True)
class Contestant:
    """A framework in one of the ways it is used."""

    name: str
    title: str
    #: The module that builds it.
    builder: str
    #: The distributions it needs.
    needs: tuple[str, ...]
    variant: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    takes: Callable[[Workload, str], bool] = lambda workload, way: True
    #: Takes part without being named.
    usual: bool = True
    #: A number of threads of its own.
    threads: int | None = None

    @property
    def is_kinema(self) -> bool:
        """Whether it is ours."""
        return self.builder == "with_kinema"


def _predicts(workload: Workload, way: str) -> bool:
    return way == PREDICT and bool(workload.layers)


_ALL = (
    Contestant("kinema", "Kinema", "with_kinema", ("kinema",)),
    Contestant("kinema-exact", "Kinema, precision exact", "with_kinema", ("kinema",), "exact", usual=False),
    Contestant("kinema-1-thread", "Kinema, 1 thread", "with_kinema", ("kinema",), usual=False, threads=1),
    Contestant(
        "keras-tf",
        "Keras on TensorFlow, time folded by hand",
        "with_keras",
        ("keras", "tensorflow"),
        "graph",
        _TENSORFLOW,
    ),
    Contestant(
        "keras-tf-td",
        "Keras on TensorFlow, TimeDistributed",
        "with_keras",
        ("keras", "tensorflow"),
        "distributed",
        _TENSORFLOW,
        takes=lambda workload, way: workload.is_clip,
    ),
    Contestant(
        "keras-tf-xla",
        "Keras on TensorFlow, XLA",
        "with_keras",
        ("keras", "tensorflow"),
        "xla",
        _TENSORFLOW,
        # Keras itself does not compile recurrent layers with XLA.
        takes=lambda workload, way: bool(workload.layers) and not workload.is_recurrent,
    ),
    Contestant(
        "keras-jax", "Keras on JAX, time folded by hand", "with_keras", ("keras", "jax"), "", {"KERAS_BACKEND": "jax"}
    ),
    Contestant("torch", "PyTorch, channels_last", "with_torch", ("torch",)),
    Contestant(
        "torch-tuned", "PyTorch, channels_last, malloc keeps memory", "with_torch", ("torch",), "", _KEEP_MEMORY
    ),
    Contestant(
        "torch-fused",
        "PyTorch, channels_last, malloc keeps memory, fused Adam",
        "with_torch",
        ("torch",),
        "fused",
        _KEEP_MEMORY,
        takes=lambda workload, way: way == TRAIN,
    ),
    Contestant(
        "torch-compiled",
        "PyTorch, channels_last, malloc keeps memory, fused Adam, torch.compile",
        "with_torch",
        ("torch",),
        "fused compiled",
        _KEEP_MEMORY,
        takes=lambda workload, way: bool(workload.layers),
        usual=False,  # needs a C++ compiler and minutes
    ),
    Contestant("onnxruntime", "ONNX Runtime", "with_onnx", ("onnx", "onnxruntime"), "onnxruntime", takes=_predicts),
    Contestant("openvino", "OpenVINO, f32", "with_onnx", ("onnx", "openvino"), "openvino", takes=_predicts),
)

CONTESTANTS = {contestant.name: contestant for contestant in _ALL}

#: Environment that keeps everybody who can be told to AVX2, and who cannot.
FORCED = {
    "avx2": {
        "KINEMA_ISA": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    }
}
CANNOT_BE_FORCED = (
    "ONNX Runtime has no such switch and runs on whatever the machine offers; OpenVINO and TensorFlow obey in the "
    "primitives of oneDNN, PyTorch in these and its own kernels, but not in MKL's matrix products."
)
