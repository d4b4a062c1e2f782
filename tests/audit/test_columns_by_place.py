import numpy as np
import pandas as pd
import pytest
from datasets import Dataset

from abstain import InputError
from abstain.audit.columns_by_place import check_order_is_told, matrix_of, numbered_in_order


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["x0", "x1", "x2"], True),
        (["1", "2"], True),
        ([f"f{place:02}" for place in range(12)], True),
        (["v2_x0", "v2_x1"], True),
        (["p_0_0", "p_0_1", "p_1_0", "p_1_1"], True),
        (["p_0_0", "p_1_0", "p_0_1", "p_1_1"], False),
        (["p_0_0", "p_0_1", "p_1_0"], False),
        (["x1", "x0"], False),
        (["x0", "x2"], False),
        (["x2", "x3"], False),
        (["x0", "x1", "id"], False),
        (["x0", "y1"], False),
        (["x0", "x00"], False),
        (["a", "b"], False),
    ],
)
def test_names_are_numbered_in_order(names, told):
    assert numbered_in_order(names) is told


def test_columns_without_an_order_are_refused_and_some_are_named():
    check_order_is_told(Dataset.from_dict({"age": [1.0]}))
    many = Dataset.from_dict({name: [1.0] for name in [*(f"f{place}" for place in range(9)), "id"]})
    with pytest.raises(InputError, match=r"\(f0, f1, f2, …, f7, f8, id\) do not tell their order: name them x0, x1"):
        check_order_is_told(many)


def test_a_column_of_arrays_is_a_matrix():
    rows = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(matrix_of(pd.DataFrame(rows)), rows)
    np.testing.assert_array_equal(matrix_of(pd.DataFrame({"a": list(rows)})), rows)
    with pytest.raises(ValueError, match="same shape"):
        matrix_of(pd.DataFrame({"a": [np.zeros(2), np.zeros(3)]}))
