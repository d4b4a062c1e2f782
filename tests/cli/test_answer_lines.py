import csv
import io
import json

import numpy as np
import pytest

from abstain import PixelAnswer
from abstain.cli.answer_lines import csv_lines, json_lines, table_lines
from abstain.inference.answers import Answer

NAMES = ("cat", "a, long dog")
LOGITS = np.zeros(2, np.float32)
ANSWERS = [
    ("one.png", Answer(True, "cat", 0, 1.25, 0.777, LOGITS, NAMES)),
    ("two\n.png", Answer(False, "a, long dog", 1, -0.5, 0.3775, LOGITS, NAMES)),
]
PIXELS = [
    ("p.png", PixelAnswer(np.array([[True, False, True]]), np.array([[1, 0, 1]]), np.zeros((1, 3)), NAMES)),
]


def test_a_table_has_its_columns_at_one_place():
    assert list(table_lines(iter(ANSWERS), NAMES)) == [
        "answer       confidence  probability  sample",
        "cat              1.2500      77.70 %  one.png",
        "abstains        -0.5000      37.75 %  two .png",
    ]


def test_a_score_without_a_probability_has_no_such_column():
    (header, line) = table_lines(iter([("x", Answer(True, "cat", 0, 0.5, None, LOGITS, NAMES))]), NAMES)
    assert header.split() == ["answer", "confidence", "sample"] and line.split() == ["cat", "0.5000", "x"]


def test_json_has_all_that_is_known():
    lines = [json.loads(line) for line in json_lines(iter(ANSWERS))]
    assert lines[1] == {
        "sample": "two\n.png", "label": "a, long dog", "index": 1, "accepted": False, "confidence": -0.5,
        "probability": 0.3775,
    }  # fmt: skip
    assert json.loads(next(json_lines(iter(PIXELS))))["accepted_pixels"] == {"cat": 0, "a, long dog": 2}


def test_csv_is_read_by_a_reader_of_csv():
    (first, second) = csv.DictReader(io.StringIO("\n".join(csv_lines(iter(ANSWERS)))))
    assert first["label"] == "cat" and first["accepted"] == "True" and float(first["confidence"]) == 1.25
    assert second["label"] == "a, long dog" and second["sample"] == "two\n.png"
    (pixels,) = csv.DictReader(csv_lines(iter(PIXELS)))
    assert float(pixels["coverage"]) == pytest.approx(2 / 3) and pixels["accepted_pixels_a, long dog"] == "2"


def test_pixels_say_how_much_is_accepted_and_what_it_mostly_is():
    header, line = table_lines(iter(PIXELS), NAMES)
    assert header.split() == ["accepted", "mostly", "sample"] and "66.67 %" in line and "a, long dog" in line


def test_without_answers_there_are_no_lines():
    assert [list(table_lines(iter([]), NAMES)), list(csv_lines(iter([]))), list(json_lines(iter([])))] == [[], [], []]
