import warnings

import pytest

from abstain.cli.kept_warnings import warnings_kept


def test_warnings_on_the_data_are_kept_once_and_others_go_on():
    with pytest.warns(FutureWarning, match="a library changes") as others, warnings_kept() as kept:
        for _ in range(2):
            warnings.warn("logits are\n  float16.", stacklevel=1)
        warnings.warn("overflow", RuntimeWarning, stacklevel=1)
        warnings.simplefilter("always", FutureWarning)
        warnings.warn("a library changes", FutureWarning, stacklevel=1)
    assert kept == ["logits are float16", "overflow"] and len(others) == 1


def test_an_error_inside_is_raised():
    with pytest.raises(KeyError), warnings_kept():
        raise KeyError


def test_they_name_options_as_they_are_typed():
    with warnings_kept() as kept:
        warnings.warn('probabilities sum to 2: give input="logits"', stacklevel=1)
    assert kept == ["probabilities sum to 2: give --input logits"]
