import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from abstain import write_logits
from abstain.audit import class_names_beside, stored
from abstain.audit.stored import in_memory
from abstain.logits import read_predictions
from abstain.logits.small_or_large import open_predictions


@pytest.mark.parametrize("config", ["{", "[]", '{"id2label": {"0": "cat", "2": "dog"}}', '{"id2label": null}'])
def test_names_of_classes_are_those_of_the_model_or_none(tmp_path, config):
    assert class_names_beside(str(tmp_path)) is None
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"1": "dog", "0": "cat"}}))
    assert class_names_beside(str(tmp_path)) == ("cat", "dog")
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "dog"}}))
    assert class_names_beside(str(tmp_path)) == ("not dog", "dog"), "one logit is of two classes"
    (tmp_path / "config.json").write_text(config)
    assert class_names_beside(str(tmp_path)) is None


def test_what_is_opened_comes_into_memory_as_it_is(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    path = write_logits(tmp_path, "test", rng.normal(size=(500, 4)), rng.integers(0, 4, 500))
    opened, read = open_predictions(path), read_predictions(path)
    found = in_memory(opened)
    assert torch.equal(found.values, read.values) and found.kind == read.kind == "logits"
    np.testing.assert_array_equal(found.labels, read.labels)
    assert (found.used, found.n_ignored, found.sample) == (read.used, 0, None)
    assert in_memory(read) is read
    monkeypatch.setattr(stored, "MOST_VALUES", 1999)
    assert in_memory(opened) is opened, "N times K is 2,000"
    assert pq.read_metadata(path).num_rows == 500
