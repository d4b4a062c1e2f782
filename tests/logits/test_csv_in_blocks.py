import functools

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
import torch

from abstain.logits import OpenPredictions, Predictions, read_or_open, read_predictions
from abstain.logits import files as files_room
from abstain.logits.csv_file import read_csv
from abstain.logits.csv_in_blocks import csv_in_blocks
from abstain.report.evaluate import evaluate_batches

N, K = 400, 4
SMALL = 1000
"""Bytes, of about twenty rows."""
GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.integers(0, K, N)
LOGITS = GENERATOR.standard_normal((N, K)).round(4) + 1.5 * np.eye(K)[LABELS]
WIDE = {f"logit_{k}": LOGITS[:, k] for k in range(K)}
FRAMES = {
    "logits": pd.DataFrame({"label": LABELS, **WIDE, "id": np.arange(N)}),
    "probabilities": pd.DataFrame(
        {f"prob_{k}": p for k, p in enumerate(torch.from_numpy(LOGITS).softmax(dim=1).numpy().T.round(3))}
    ).assign(label=LABELS),
    "labels that are names": pd.DataFrame(
        {name: LOGITS[:, k] for k, name in enumerate(["ant", "bee", "cat", "dog"])}
    ).assign(note='a "b",\nc', label=np.array(["ant", "bee", "cat", "dog"])[LABELS]),
    "integers at first": pd.DataFrame(
        {"label": LABELS, **WIDE, "logit_0": np.where(np.arange(N) < 300, 2, LOGITS[:, 0])}
    ),
    "one column": pd.DataFrame({"probability": 1 / (1 + np.exp(-LOGITS[:, 0])), "label": LABELS % 2}),
    "pixels": pd.DataFrame({"label": LABELS, **WIDE, "sample": np.arange(N) // 5}),
}


@pytest.fixture
def all_are_large(monkeypatch):
    """Let every file of text be read in blocks of a few rows."""
    monkeypatch.setattr(files_room, "LARGE", 0)
    for kind, opens in files_room.IN_BLOCKS.items():
        monkeypatch.setitem(files_room.IN_BLOCKS, kind, functools.partial(opens, block=SMALL))


@pytest.mark.parametrize("case", FRAMES)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv", "a.jsonl", "a.jsonl.gz"])
def test_a_large_file_of_text_gives_the_report_that_it_gives_in_memory(tmp_path, all_are_large, name, case):
    path, frame = tmp_path / name, FRAMES[case]
    if "jsonl" in name:
        frame.to_json(path, orient="records", lines=True, double_precision=15)
    else:
        frame.to_csv(path, sep="\t" if "tsv" in name else ",", index=False)
    whole, opened = read_predictions(path), read_or_open(path, large=1)
    assert isinstance(whole, Predictions) and isinstance(opened, OpenPredictions)
    assert (opened.kind, opened.used, len(opened)) == (whole.kind, whole.used, len(whole))
    joined = [batch.values for batch in opened.batches()]
    assert torch.cat(joined).equal(whole.values)
    half = np.arange(N) % 10 < 5
    reports = [
        evaluate_batches(one.taken(half).in_batches(), one.taken(~half).in_batches()).to_dict()
        for one in (whole, opened)
    ]
    assert reports[0] == reports[1]


def test_only_large_files_are_read_so(tmp_path):
    FRAMES["logits"].to_csv(tmp_path / "a.csv", index=False)
    assert isinstance(read_or_open(tmp_path / "a.csv", large=1), Predictions)


def test_labels_apart_and_one_file_in_a_folder_are_joined_to_it(tmp_path, all_are_large):
    FRAMES["logits"].drop(columns="label").to_csv(tmp_path / "test.csv", index=False)
    np.save(tmp_path / "labels.npy", LABELS)
    opened = read_or_open(tmp_path / "test.csv", large=1, labels=tmp_path / "labels.npy")
    assert isinstance(opened, OpenPredictions)
    assert np.concatenate([batch.labels for batch in opened.batches()]).tolist() == LABELS.tolist()


def test_a_confidence_is_read_whole(tmp_path, all_are_large):
    frame = pd.DataFrame({"confidence": LOGITS[:, 0], "correct": LABELS % 2, "note": "x"})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert read_or_open(tmp_path / "a.csv").confidence.tolist() == LOGITS[:, 0].tolist()


ROWS = 200
TEXTS = {
    "integers": [1] * ROWS,
    "integers, then numbers": [*[1] * 150, *[0.5] * 50],
    "numbers, then integers": [*[0.5] * 50, *[1] * 150],
    "nothing, then integers": [*[""] * 100, *[1] * 100],
    "truth values": ["true", "false"] * (ROWS // 2),
    "quoted numbers": ['"1"', '" 2"'] * (ROWS // 2),
    "texts": ["ant", "bee"] * (ROWS // 2),
    "texts, with nothing for long": [*["ant"] * 100, *[""] * 100],
    "empty texts": ['""', "NA"] * (ROWS // 2),
    "numbers no integer holds": [10**20, 7] * (ROWS // 2),
    "texts of several lines": ['"a ""b""\nc, d"'] * (ROWS - 1) + ["e"],
    "dates": ["2020-01-01"] * ROWS,
}


def column(path, cells):
    path.write_text("\n".join(["first, called ,last", *(f"7,{cell},8" for cell in cells)]) + "\n")
    return path


@pytest.mark.parametrize("case", TEXTS)
def test_a_column_holds_what_it_holds_when_all_is_read_at_once(tmp_path, case):
    path = column(tmp_path / "a.csv", TEXTS[case])
    whole, blocks = read_csv(path, "it"), csv_in_blocks(path, "it", block=SMALL)
    assert dict(blocks.holds) == dict(whole.holds) and blocks.n_rows == ROWS
    pieces = list(blocks.batches(["last", "first"], 10))
    assert len(pieces) > 1 and sum(len(piece["last"]) for piece in pieces) == ROWS
    if case in ("nothing, then integers", "empty texts"):
        return  # has empty cells, which both refuse
    assert np.array_equal(blocks.read(["called"])["called"], whole.read(["called"])["called"])


AS_A_WHOLE = {
    "integers, then texts": ("first, called ,last", [*[1] * 250, *["a"] * 50]),
    "truth values, then numbers": ("first, called ,last", [*["true"] * 150, *[1] * 150]),
    "decimal commas": ("first, called ,last", ['"0,25"'] * ROWS),
    "a row too short": ("first, called ,last", [*[1] * 150, "1,2,3,4"]),
    "two columns of a name": ("last,called,last", [1] * ROWS),
    "a quotation mark that is not closed": ("first, called ,last", [*[1] * 150, '"1', *[1] * 49]),
}


@pytest.mark.parametrize("case", AS_A_WHOLE)
def test_what_only_the_whole_file_tells_is_left_to_the_reader_of_the_whole(tmp_path, case):
    header, cells = AS_A_WHOLE[case]
    (tmp_path / "a.csv").write_text("\n".join([header, *(f"7,{cell},8" for cell in cells)]))
    assert csv_in_blocks(tmp_path / "a.csv", "it", block=SMALL) is None


def test_a_mark_that_is_never_closed_in_the_last_cell_is_left_too(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 300 + '1,"2\n3,4\n')
    assert csv_in_blocks(tmp_path / "a.csv", "it", block=SMALL) is None


def test_bytes_that_are_no_text_are_left_too(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,b\n" + b"1,x\n" * 300 + b"1,\xe9\n")
    assert csv_in_blocks(tmp_path / "a.csv", "it", block=SMALL) is None


def test_an_empty_cell_is_told_with_its_row(tmp_path, all_are_large):
    frame = FRAMES["logits"].assign(logit_1=np.where(np.arange(N) == 350, np.nan, LOGITS[:, 1]))
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(ValueError, match=r"'logit_1' of .* has empty cells, the first in row 350 \(counted from 0\)"):
        list(read_or_open(tmp_path / "a.csv", large=1).batches())


def test_no_more_than_some_blocks_are_in_memory(tmp_path):
    table = pa.table({f"logit_{k}": GENERATOR.standard_normal(80_000) for k in range(20)})
    pa.csv.write_csv(table, tmp_path / "a.csv")
    source = csv_in_blocks(tmp_path / "a.csv", "it", block=2**17)
    before, most = pa.total_allocated_bytes(), 0
    for _ in source.batches(["logit_0", "logit_7"], 100):
        most = max(most, pa.total_allocated_bytes() - before)
    assert 0 < most < (tmp_path / "a.csv").stat().st_size / 3
