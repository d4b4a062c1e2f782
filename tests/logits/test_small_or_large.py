import numpy as np
import pandas as pd
import pytest

from abstain.logits import OpenPredictions, Predictions, open_predictions, read_or_open

N, K = 300, 5
LOGITS = np.random.default_rng(0).standard_normal((N, K)).astype(np.float32)
LABELS = np.arange(N) % K
TABLE = pd.DataFrame({"logits": list(LOGITS), "label": LABELS})


@pytest.mark.parametrize("source", [(LOGITS, LABELS), TABLE, {"confidence": [1.0, 2.0], "correct": [0, 1]}])
def test_what_is_in_memory_is_not_opened(source):
    assert open_predictions(source) is None


def test_a_confidence_and_tokens_are_read_at_once(tmp_path):
    path = tmp_path / "test.parquet"
    pd.DataFrame({"confidence": LOGITS[:, 0], "correct": LABELS % 2}).to_parquet(path)
    assert open_predictions(path) is None
    tokens = {"logits": LOGITS.reshape(60, 5, K).tolist(), "label": LABELS.reshape(60, 5).tolist()}
    pd.DataFrame(tokens).to_parquet(path)
    assert open_predictions(path, class_axis=-1) is None and len(read_or_open(path, large=1, class_axis=-1)) == N
    TABLE.to_parquet(path)
    assert open_predictions(path, class_axis=0) is None


def test_the_size_decides_alone(tmp_path):
    path = tmp_path / "test.parquet"
    TABLE.to_parquet(path)
    assert isinstance(read_or_open(path, large=N * K), OpenPredictions)
    assert isinstance(read_or_open(path, large=N * K + 1), Predictions) and isinstance(read_or_open(path), Predictions)
