import numpy as np
import pytest

from abstain import InputError, read_predictions, write_logits
from abstain.cli.read_run import ReadRun, RefusedError, Wanted
from abstain.cli.runs import find_runs


def open_source(source, labels, split):
    return read_predictions(source, labels=labels, split=split)


def test_the_repair_is_fitted_on_the_validation_samples(tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    write_logits(tmp_path, "test", logits[:150], labels[:150])
    write_logits(tmp_path, "validation", logits[150:], labels[150:])
    (place,) = find_runs([str(tmp_path)])
    run = ReadRun.of(place, open_source, Wanted())
    assert np.array_equal(run.labels, labels[:150]) and run.report.repaired is not None
    assert run.shown[0].name == "msp"
    assert run.to_dict()["n_samples"] == 150 and run.to_dict()["recipe"] is None


def test_a_confidence_has_no_logits(tmp_path):
    (tmp_path / "c.csv").write_text("correct,confidence\n1,0.9\n0,0.5\n1,0.75\n")
    (place,) = find_runs([str(tmp_path / "c.csv")])
    run = ReadRun.of(place, open_source, Wanted())
    assert run.batches is None and run.labels is None and len(run.shown) == 1
    with pytest.raises(InputError, match="only a confidence"):
        run.logits()
    assert issubclass(RefusedError, InputError)
