import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abstain import InputError, aurc, evaluate_logits, read_logits, released_checkpoint, scores
from abstain.experiments.samples import RunSamples, read_samples, write_samples


def same(a, b):
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("msp", "max_logit_pnorm", "error"))


def test_what_is_kept_of_each_sample_comes_back_in_its_order(tmp_path, logits_and_labels):
    logits, labels = (values[150:] for values in logits_and_labels)
    report = evaluate_logits(logits, labels, validation=tuple(values[:150] for values in logits_and_labels))
    path = write_samples(tmp_path / "run", RunSamples.of(report))
    kept = read_samples(tmp_path / "run")
    assert [kept.msp.dtype, kept.max_logit_pnorm.dtype, kept.error.dtype] == [np.float32, np.float32, np.int8]
    assert np.array_equal(kept.msp, scores.msp(logits).astype(np.float32))
    assert np.array_equal(kept.error, logits.argmax(1) != labels)
    assert report.results[1].name == "max_logit_pnorm"
    assert np.array_equal(kept.max_logit_pnorm, report.results[1].confidence.astype(np.float32))
    schema = pq.read_schema(path)
    assert [(one.name, str(one.type)) for one in schema] == [
        ("msp", "float"),
        ("max_logit_pnorm", "float"),
        ("error", "int8"),
    ]
    assert [file.name for file in path.parent.iterdir()] == ["samples.parquet"], "nothing half written"


def test_a_repair_that_falls_back_is_kept_as_msp(logits_and_labels):
    logits, labels = logits_and_labels
    one_logit, two_classes = logits[:, :1], labels % 2
    report = evaluate_logits(one_logit[150:], two_classes[150:], validation=(one_logit[:150], two_classes[:150]))
    assert report.results[1].falls_back
    kept = RunSamples.of(report)
    assert np.array_equal(kept.max_logit_pnorm, kept.msp)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, r"holds no samples\.parquet: give the folder of a run"),
        ({"msp": [1.0], "error": [0]}, "cannot be read .*max_logit_pnorm.*: its columns must be msp, max_logit_pnorm"),
        ("text", "cannot be read"),
    ],
)
def test_a_folder_without_samples_is_one_sentence(tmp_path, table, message):
    if isinstance(table, dict):
        pq.write_table(pa.table(table), tmp_path / "samples.parquet")
    elif table:
        (tmp_path / "samples.parquet").write_text(table)
    with pytest.raises(InputError, match=message) as caught:
        read_samples(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["resnet20_cifar10_ce", "resnet20_cifar10_ls"])
def test_the_samples_of_the_released_runs_are_those_of_their_logits(root, name):
    logits = released_checkpoint(name) / "logits"
    report = evaluate_logits(*read_logits(logits, "test"), validation=read_logits(logits, "validation"))
    kept = read_samples(root / "model_cards" / name)
    assert same(kept, RunSamples.of(report))
    published = json.loads((root / "model_cards" / name / "results.json").read_text())["evaluation"]["scores"]
    for score in ("msp", "max_logit_pnorm"):
        assert aurc(getattr(kept, score), kept.error) == pytest.approx(published[score]["aurc"], rel=1e-4)
