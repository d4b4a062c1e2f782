from dataclasses import fields

import pytest

from abstain import InputError, SelectiveTrainingArguments
from abstain.experiments import ScriptTrainingArguments
from abstain.training.limits import ABOVE_ZERO, AT_LEAST_ZERO, BELOW_ONE, WHOLE


@pytest.mark.parametrize("kind", [SelectiveTrainingArguments, ScriptTrainingArguments])
def test_the_defaults_lie_within_and_every_name_is_an_argument(tmp_path, kind):
    kind(output_dir=str(tmp_path))
    assert {*WHOLE, *ABOVE_ZERO, *AT_LEAST_ZERO, *BELOW_ONE} <= {one.name for one in fields(kind)}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        *((name, least - 1, f"{name} is {least - 1}, but must be a whole number") for name, least in WHOLE.items()),
        *((name, 0, f"{name} is 0, but must be above 0") for name in ABOVE_ZERO),
        *((name, float("nan"), f"{name} is nan, but must be ") for name in (*ABOVE_ZERO, *AT_LEAST_ZERO, *BELOW_ONE)),
        *((name, float("inf"), f"{name} is inf, but must be ") for name in (*ABOVE_ZERO, *AT_LEAST_ZERO)),
        *((name, -0.5, f"{name} is -0.5, but must be finite and at least 0") for name in AT_LEAST_ZERO),
        *((name, 1.0, rf"{name} is 1, but must be in \[0, 1\)") for name in BELOW_ONE),
        ("seed", 2**32, "seed is 4294967296, but must be a whole number from 0 to 4,294,967,295"),
        ("max_steps", 0, "max_steps .* is 0, but must be a whole number of at least 1"),
        ("per_device_train_batch_size", 2.5, "is 2.5, but must be a whole number of at least 1"),
    ],
)
def test_a_number_outside_its_range_is_named_before_anything_is_written(tmp_path, name, value, message):
    with pytest.raises(InputError, match=message):
        SelectiveTrainingArguments(output_dir=str(tmp_path / "run"), **{name: value})
    assert not (tmp_path / "run").exists()
