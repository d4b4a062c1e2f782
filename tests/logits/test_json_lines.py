import gzip
import json

import pytest

from abstain.logits.json_lines import json_lines_in_blocks, read_json_lines

ROWS = 300
COLUMNS = {
    "integers": [1] * ROWS,
    "integers, then numbers": [*[1] * 250, *[0.5] * 50],
    "nothing, then lists": [*[None] * 250, *[[1, 2]] * 50],
    "lists of integers, then of numbers": [*[[1, 2]] * 250, *[[0.5, 1]] * 50],
    "truth values": [True, False] * (ROWS // 2),
    "texts of several lines": ["a\n{b}"] * ROWS,
    "a row longer than a block": [*["x"] * (ROWS - 1), "y" * 5000],
}


def written(path, rows):
    opens = gzip.open if path.suffix == ".gz" else open
    with opens(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
@pytest.mark.parametrize("case", COLUMNS)
def test_a_column_holds_what_it_holds_when_all_is_read_at_once(tmp_path, name, case):
    path = written(tmp_path / name, [{"id": n, "x": cell} for n, cell in enumerate(COLUMNS[case])])
    whole, blocks = read_json_lines(path, "it"), json_lines_in_blocks(path, "it", block=1000)
    assert dict(blocks.holds) == dict(whole.holds) and blocks.n_rows == ROWS
    assert blocks.read(["id"])["id"].tolist() == list(range(ROWS))
    pieces = list(blocks.batches(["id"], 10))
    assert len(pieces) > 1 and sum(len(piece["id"]) for piece in pieces) == ROWS
    if None not in COLUMNS[case]:
        assert blocks.read(["x"])["x"].tolist() == whole.read(["x"])["x"].tolist()


def test_a_column_may_begin_late_and_come_in_any_order(tmp_path):
    rows = [*[{"a": 1, "b": 2}] * 200, *[{"b": 2.5, "c": "x", "a": 1}] * 100]
    source = json_lines_in_blocks(written(tmp_path / "a.jsonl", rows), "it", block=1000)
    assert dict(source.holds) == {"a": "integers", "b": "numbers", "c": "texts"}
    assert source.read(["b", "a"])["b"].tolist() == [*[2] * 200, *[2.5] * 100]


@pytest.mark.parametrize(
    "rows",
    [
        [*[{"a": 1}] * 250, *[{"a": "x"}] * 50],  # numbers and texts
        [{"target": "0", "arguments": [], "resps": [], "acc": 1.0}] * 100,  # a log of answers
        [],
    ],
)
def test_what_only_the_whole_file_tells_is_left_to_the_reader_of_the_whole(tmp_path, rows):
    assert json_lines_in_blocks(written(tmp_path / "a.jsonl", rows), "it", block=1000) is None


def test_a_damaged_line_is_left_too(tmp_path):
    path = written(tmp_path / "a.jsonl", [{"a": 1}] * 300)
    path.write_text(path.read_text() + '{"a": \n')
    assert json_lines_in_blocks(path, "it", block=1000) is None
