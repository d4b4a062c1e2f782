import json

import numpy as np
import pytest


@pytest.fixture(scope="module")
def docs(program):
    return program("monitoring")


@pytest.fixture(scope="module")
def kept(root):
    return json.loads((root / "docs" / "monitoring.json").read_text(encoding="utf-8"))


def test_false_alarms_are_as_rare_as_promised(docs, kept):
    false = {name: row for name, row in kept.items() if name.startswith("no change: ")}
    assert len(false) == len(docs.unchanged())
    assert [name for name, row in false.items() if row[str(docs.STEPS)] > docs.most_false()] == []


def test_delays_grow_with_mildness_and_stay_finite_after_a_long_time(kept):
    for change in (0, 1000, 20_000):
        medians = [row["median"] for row in kept["risk"] if row["change"] == change]
        assert None not in medians and medians == sorted(medians, reverse=True)
        assert medians[-1] < 200


@pytest.mark.parametrize("name", ["resnet20_cifar10_ls", "resnet20_cifar10_ce"])
def test_each_transform_at_its_worst_is_noticed_without_labels(kept, name):
    cells = kept[f"images: {name}"]
    assert len(cells) == 1 + 5 * 5
    worst = [cell for cell in cells if cell["value"] in (1.0, 0.08, 0.2, 10, 30) and cell["error"] > 0.3]
    assert len(worst) >= 4 and all(cell["ranks"]["median"] for cell in worst)


def test_a_delay_is_that_of_the_middle_stream(docs):
    assert docs.summary(np.array([30, 10, 20])) == {"median": 20, "nine tenths": 30, "noticed": 1}
    assert docs.summary(np.array([0, 10, 20])) == {"median": 20, "nine tenths": None, "noticed": pytest.approx(2 / 3)}
    assert docs.delay(docs.summary(np.array([0, 10, 20]))) == "20 (–)"
    assert docs.delay(docs.summary(np.array([0, 0, 20]))) == "–"


def test_what_is_there_is_not_measured_again(docs, kept, tmp_path):
    assert sorted(docs.parts(tmp_path)) == sorted(kept)
