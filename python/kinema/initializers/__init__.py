"""First values of weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema.initializers.constant import Constant, Identity, Ones, Zeros
from kinema.initializers.distributions import RandomInitializer, RandomNormal, RandomUniform, TruncatedNormal
from kinema.initializers.initializer import MODULE, Initializer
from kinema.initializers.orthogonal import Orthogonal
from kinema.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from kinema.saving.identifiers import resolve
from kinema.saving.registry import serialize_keras_object

IdentityInitializer = Identity
OrthogonalInitializer = Orthogonal
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
identity = Identity
ones = Ones
orthogonal = Orthogonal
zeros = Zeros

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]


def get(identifier: Any) -> Any:
    """The initialiser that a name, a class, a config, a function or an object means; None for None."""
    return resolve(identifier, MODULE, "initializer")


def serialize(initializer: Any) -> Any:
    """What a file says about an initialiser."""
    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initialiser that a file describes."""
    return resolve(config, MODULE, "initializer", custom_objects)
