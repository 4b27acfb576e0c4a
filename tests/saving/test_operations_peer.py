"""Graphs with ops go between Kinema and real Keras."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest

import kinema

from ..models.operations import graph_of_ops

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras: Any = pytest.importorskip("keras")

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]
X, Y = np.random.default_rng(4).normal(size=(2, 5, 4, 6)).astype("float32")


@pytest.mark.parametrize(("writer", "reader"), [(kinema, keras), (keras, kinema)], ids=["to keras", "from keras"])
def test_a_graph_of_ops(writer: Any, reader: Any, tmp_path: Any) -> None:
    model = graph_of_ops(writer)
    model.save(tmp_path / "ops.keras")  # Keras reads no ops from .h5
    again = reader.models.load_model(tmp_path / "ops.keras")
    for one, other in zip(again.predict([X, Y], verbose=0), model.predict([X, Y], verbose=0), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
