import json
from importlib.metadata import version

import numpy as np
import pytest

from abstain import InputError, LogitNorm
from abstain.inference.abstention import AbstentionRule
from abstain.inference.rule_file import FORMAT, MOST_BYTES, read_rule, versions
from abstain.threshold.operating_point import OperatingPoint

POINT = OperatingPoint(1.5, 0.9, 0.02, True, 0.05, 0.1, 200, method="split_fixed_sequence", n_tuning=50)
BEFORE = """{
  "confidence": {"score": "energy"},
  "operating_point": {
    "threshold": 2.0, "coverage": 0.9, "risk": 0.01, "guaranteed": false, "target_risk": 0.05, "delta": null,
    "n_samples": 9, "target_coverage": null, "cost": null
  }
}
"""


def test_the_file_says_all_that_is_known(tmp_path):
    rule = AbstentionRule(LogitNorm(3), POINT, 2, ("cat", "dog"), "a" * 64, "b" * 64)
    values = json.loads(rule.save(tmp_path).read_text())
    assert next(iter(values)) == "format" and values["format"] == FORMAT == 1
    assert values["confidence"]["p"] == 3 and values["operating_point"]["target_risk"] == 0.05
    known = {name: values["operating_point"][name] for name in ("method", "n_tuning", "n_samples")}
    assert known == {"method": "split_fixed_sequence", "n_tuning": 50, "n_samples": 200}
    assert (values["n_classes"], values["class_names"]) == (2, ["cat", "dog"])
    assert (values["weights_sha256"], values["validation_sha256"]) == ("a" * 64, "b" * 64)
    assert values["versions"] == versions() and versions()["torch"] == version("torch")
    assert AbstentionRule(**read_rule(tmp_path / "abstention.json")) == rule


def test_a_file_of_before_its_format_had_a_number_is_read(tmp_path):
    (tmp_path / "abstention.json").write_text(BEFORE)
    rule = AbstentionRule.load(tmp_path)
    assert (rule.n_classes, rule.class_names, rule.weights_sha256, rule.validation_sha256) == (None,) * 4
    assert rule.versions == {} and rule.accept(np.array([[3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])).tolist() == [True, False]
    rule.save(tmp_path)
    assert AbstentionRule.load(tmp_path) == rule and AbstentionRule.load(tmp_path).versions == {}


@pytest.mark.parametrize("number", [FORMAT + 1, "1.0", None])
def test_a_format_of_later_is_named(tmp_path, number):
    path = AbstentionRule(LogitNorm(3), POINT).save(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": number}))
    with pytest.raises(InputError, match=f"has the format {number!r}, but this version reads those up to 1"):
        read_rule(path)


@pytest.mark.parametrize(
    "damage", [{"n_classes": "3"}, {"class_names": 7}, {"weights_sha256": 1}, {"versions": []}, {"confidence": {}}]
)
def test_a_damaged_file_is_one_sentence(tmp_path, damage):
    path = AbstentionRule(LogitNorm(3), POINT).save(tmp_path)
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | damage))
    with pytest.raises(InputError, match="is no abstention rule, or is damaged"):
        read_rule(path)
    del values[next(iter(damage))]
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match="is no abstention rule, or is damaged"):
        read_rule(path)


def with_changes(path, changes):
    values = json.loads(path.read_text())
    for key, value in changes.items():
        inner, _, name = key.rpartition(".")
        (values[inner] if inner else values)[name] = value
    path.write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"operating_point.threshold": "abc"}, "threshold is 'abc', but must be a number"),
        ({"operating_point.threshold": True}, "threshold is True, but must be a number"),
        ({"operating_point.threshold": float("nan")}, "NaN is no number of JSON"),
        ({"operating_point.coverage": 7}, r"coverage is 7, but must be a fraction in \[0, 1\]"),
        ({"operating_point.risk": -0.1}, "risk is -0.1, but must be a fraction"),
        ({"operating_point.guaranteed": "yes"}, "guaranteed is 'yes', but must be True or False"),
        ({"operating_point.delta": None}, "guaranteed is true, but a guarantee needs target_risk and delta"),
        ({"operating_point.target_risk": None}, "guaranteed is true, but a guarantee needs target_risk and delta"),
        ({"operating_point.delta": 7}, r"delta is 7, but must be a fraction in \(0, 1\)"),
        ({"operating_point.target_risk": 0}, r"target_risk is 0, but must be a fraction in \(0, 1\)"),
        ({"operating_point.n_samples": 0}, "n_samples is 0, but must be a whole number of at least 1"),
        ({"operating_point.method": "best"}, "unknown method 'best'"),
        ({"operating_point.method": "sgr"}, "guaranteed is true, but of the method 'sgr' nothing is guaranteed"),
        ({"operating_point.method": None}, "guaranteed is true, but of the method None nothing is guaranteed"),
        ({"operating_point.n_tuning": -1}, "n_tuning is -1, but must be a whole number of at least 0"),
        ({"confidence.p": "2"}, "p is '2', but must be a number"),
        ({"confidence.center": "no"}, "center is 'no', but must be True or False"),
        ({"n_classes": 1}, "n_classes is 1, but must be a whole number of at least 2"),
        ({"n_classes": True}, "n_classes is True"),
        ({"class_names": ["cat"]}, "it has 1 class_names, but n_classes is 2"),
        ({"class_names": [1, 2]}, "must be a list of texts"),
        ({"weights_sha256": "zz"}, "weights_sha256 is 'zz', but must be 64 hexadecimal digits"),
        ({"validation_sha256": 64 * "G"}, "validation_sha256 is"),
        ({"versions": {"torch": 2}}, "must be a version for each package"),
        ({"more": 1}, "has the keys"),
    ],
)
def test_types_and_ranges_are_looked_at(tmp_path, changes, said):
    path = AbstentionRule(LogitNorm(3), POINT, 2, ("cat", "dog")).save(tmp_path)
    with_changes(path, changes)
    with pytest.raises(InputError, match=said) as refused:
        read_rule(path)
    assert "abstention.json" in str(refused.value) and "\n" not in str(refused.value)


def test_sizes_are_looked_at_before_anything_is_read(tmp_path):
    path = tmp_path / "abstention.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(InputError, match=r"has 16,777,217 bytes, but a rule has at most 16,777,216"):
        read_rule(path)


@pytest.mark.parametrize("text", ["[]", "3", "{", "[" * 100_000, "null"])
def test_what_holds_no_keys_is_no_rule(tmp_path, text):
    path = tmp_path / "abstention.json"
    path.write_text(text)
    with pytest.raises(InputError, match="is no abstention rule"):
        read_rule(path)
