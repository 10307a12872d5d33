"""Matrices kept as whole numbers come back nearly as they were.

Run: ``pytest tests/test_quantisation.py``
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from quantisation import Array, quantised, restored

NUMBERS = st.floats(-100, 100, width=32)


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=NUMBERS))
def test_a_number_of_a_matrix_comes_back_within_half_a_step_of_its_row(matrix: Array) -> None:
    back = restored(quantised({"layer.weight": matrix}))
    assert back.keys() == {"layer.weight"}
    steps = np.abs(matrix).max(axis=1, keepdims=True) / 127
    assert (np.abs(back["layer.weight"] - matrix) <= steps * 0.51 + 1e-6).all()


@given(arrays(np.float32, array_shapes(max_dims=1, max_side=12), elements=NUMBERS))
def test_a_vector_comes_back_in_half_precision(vector: Array) -> None:
    np.testing.assert_allclose(restored({**quantised({"bias": vector})})["bias"], vector, rtol=1e-3, atol=1e-6)
