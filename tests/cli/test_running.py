import pytest

from abstain import InputError, released_checkpoint
from abstain.cli.options import FittedOn, Reading
from abstain.cli.running import Running, run_models

MODEL = str(released_checkpoint("mlp_noisy_digits_a0_s0"))
RUNNING = Running(data="noisy_digits_rows", max_samples=20, device="cpu")


def test_commands_name_logits_that_are_kept_and_no_others(tmp_path, capsys):
    (found,) = run_models([MODEL], RUNNING, Reading(), FittedOn(), (None, None), tmp_path)
    (kept,) = (tmp_path / "logits").iterdir()
    assert found.commands.test == f"{kept} --split test" and len(found.test) == len(found.validation) == 20
    assert "kept" not in capsys.readouterr().err
    run_again = run_models([MODEL], RUNNING, Reading(), FittedOn(), (None, None), tmp_path)
    assert len(next(run_again).test) == 20
    assert f"on 20 of 20 samples of test are read from {str(kept)!r}, where they are kept" in capsys.readouterr().err
    (found,) = run_models([MODEL], RUNNING, Reading(), FittedOn(), (None, None), None)
    assert found.commands.test == "LOGITS --split test"


def test_a_share_of_the_test_samples_is_held_out_where_that_is_asked_for():
    apart = FittedOn(validation_fraction=0.25)
    (found,) = run_models([MODEL], RUNNING, Reading(), apart, (None, None), None)
    assert (len(found.test), len(found.validation)) == (15, 5) and "were held out" in found.notes[0]
    assert found.commands.are_shared and found.commands.validation == found.commands.test


def test_models_are_run_one_after_another_when_they_are_asked_for():
    subjects = run_models([MODEL, "no/such-model"], RUNNING, Reading(), FittedOn(), (None, None), None)
    next(subjects)
    with pytest.raises(InputError, match="neither a folder here nor to be had from the Hub"):
        next(subjects)
