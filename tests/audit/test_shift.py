import json

import numpy as np
import pytest

from abstain import InputError, aurc, aurc_difference, read_predictions, scores
from abstain.audit import audit_predictions
from abstain.audit.shift import MOST_SOURCES, told_apart


def made(n, seed):
    """Samples of `home`, of `away` where the model is weaker, and of `nowhere`."""
    rng = np.random.default_rng(seed)
    source = rng.choice(["home", "away", "nowhere"], n)
    logits, labels = rng.normal(size=(n, 4)), rng.integers(0, 4, n)
    logits[np.arange(n), labels] += rng.gamma(2.0, 1.5, n) * np.where(source == "away", 0.4, 1)
    return {"logits": logits, "label": labels, "site": source}


TEST = made(600, 0)
WRONG = scores.classification_error(TEST["logits"], TEST["label"])
MSP = scores.msp(TEST["logits"])


def read(columns):
    return read_predictions(columns, source_column="site")


@pytest.fixture(scope="module")
def found():
    return audit_predictions(read(TEST), read(made(500, 1)), coverage=0.25)


def test_each_source_is_measured_by_itself(found):
    assert [one.name for one in found.shift.sources] == ["away", "home", "nowhere"]
    for one in found.shift.sources:
        rows = TEST["site"] == one.name
        assert (one.n_samples, one.error) == (rows.sum(), WRONG[rows].mean())
        assert one.aurc == aurc(MSP[rows], WRONG[rows])


def test_the_share_is_one_of_all_sources_together(found):
    kept = found.shift.accepted["MSP"]
    accepted = np.argsort(-MSP)[:150]
    assert kept.coverage == 0.25 and kept.risk == WRONG[accepted].mean()
    of_home = accepted[TEST["site"][accepted] == "home"]
    assert kept.sources["home"]["accepted"] == len(of_home) and kept.sources["home"]["errors"] == WRONG[of_home].sum()


def test_thresholds_are_looked_at_in_each_source(found):
    chosen = [one for one in found.decisions if one.threshold is not None]
    assert [decision for decision, _ in found.shift.at_thresholds] == chosen
    accepted = found.confidence.score(TEST["logits"]) >= chosen[0].threshold
    rows = accepted & (TEST["site"] == "away")
    away = next(one for one in found.shift.at_thresholds[0][1] if one.name == "away")
    assert (away.risk, away.coverage) == (WRONG[rows].mean(), rows.sum() / (TEST["site"] == "away").sum())
    assert found.shift.n_validation == dict(zip(*np.unique(made(500, 1)["site"], return_counts=True), strict=True))


def test_rows_that_depend_on_each_other_have_no_p_value_in_a_source(found):
    image = np.arange(len(TEST["site"])) // 4
    dependent = audit_predictions(
        read_predictions(TEST | {"sample": image}, source_column="site"), read(made(500, 1)), coverage=0.25
    )
    for (_, groups), (_, alone) in zip(dependent.shift.at_thresholds, found.shift.at_thresholds, strict=False):
        assert {one.adjusted_p for one in groups} == {None} != {one.adjusted_p for one in alone}


def test_samples_of_no_known_class_are_errors_and_count_nowhere_else():
    labels = np.where(TEST["site"] == "nowhere", 0, TEST["label"])
    told = {"out_of_distribution": ["nowhere"], "coverage": 0.25}
    found = audit_predictions(read(TEST | {"label": labels}), read(made(500, 1)), **told)
    known = TEST["site"] != "nowhere"
    assert found.report.n_samples == known.sum() and found.n_validation < 500
    np.testing.assert_array_equal(found.report.error, WRONG[known])
    kept = found.shift.accepted["MSP"].sources["nowhere"]
    assert kept["accepted"] == kept["errors"] > 0
    metrics = found.shift.let_in.results[0].metrics
    assert metrics["risk"] == pytest.approx((WRONG[known].sum() + (~known).sum()) / 600)
    unknown = found.shift.at_thresholds[0][1][-1]
    at = found.confidence.score(TEST["logits"][~known]) >= found.shift.at_thresholds[0][0].threshold
    assert (unknown.name, unknown.coverage, unknown.adjusted_p) == ("nowhere", at.mean(), None)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["shift"]["of_no_known_class"] == ["nowhere"]


def test_the_gain_of_the_repair_is_paired_within_a_source():
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 10, 2000)
    logits = rng.normal(size=(2000, 10))
    logits[np.arange(2000), labels] += 3
    logits *= rng.gamma(1.0, 3.0, (2000, 1))  # sizes that say nothing, which only the p-norm does not see
    parts = (slice(1000), slice(1000, None))
    columns = [{"logits": logits[p], "label": labels[p], "site": np.arange(1000) % 2} for p in parts]
    found = audit_predictions(*map(read, columns))
    assert not found.report.repaired.falls_back
    rows, wrong = np.arange(1000) % 2 == 1, found.report.error
    msp, repaired = found.report.msp.confidence, found.report.repaired.confidence
    assert found.shift.sources[1].gain == aurc_difference(msp[rows], wrong[rows], repaired[rows], wrong[rows])
    assert found.shift.sources[1].repaired == aurc(repaired[rows], wrong[rows])


def test_a_given_confidence_has_sources_too():
    rng = np.random.default_rng(0)
    columns = {"confidence": rng.random(200), "correct": rng.random(200) < 0.8, "site": np.arange(200) % 2}
    found = audit_predictions(read_predictions(columns, source_column="site"))
    assert [one.name for one in found.shift.sources] == ["0", "1"] and found.shift.at_thresholds == ()


def test_sources_that_are_not_there_or_are_too_many_are_refused():
    with pytest.raises(InputError, match=r"no test sample comes from 'hom' \(out_of_distribution=\): did you mean"):
        told_apart(np.array(["home", "away"]), ["hom"])
    with pytest.raises(InputError, match="some have to be of known classes"):
        told_apart(np.array(["home", "away"]), ["home", "away"])
    with pytest.raises(InputError, match="nothing tells them apart"):
        told_apart(None, ["home"])
    with pytest.raises(InputError, match="has 600 different values in 600 samples"):
        audit_predictions(read(TEST | {"site": np.arange(600)}))
    assert MOST_SOURCES < 600
