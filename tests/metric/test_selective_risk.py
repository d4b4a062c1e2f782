import functools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import evaluate
import numpy as np
import pytest
import torch

import abstain
from abstain import InputError, LogitNorm, risk_coverage_curve, scores
from abstain.metric.registration import SCRIPT
from abstain.metric.selective_risk import STORED

PIXELS = np.random.default_rng(1).normal(size=(3, 4, 5, 6)).astype(np.float32)
MASKS = np.random.default_rng(2).integers(0, 5, size=(3, 5, 6))  # 4 is what does not count


@pytest.fixture
def load(tmp_path):
    return lambda *args, **kwargs: abstain.load_metric(*args, cache_dir=str(tmp_path), **kwargs)


@pytest.fixture
def metric(load):
    return load()


def curve_of(logits, labels, score=scores.msp):
    return risk_coverage_curve(score(logits), scores.classification_error(logits, labels))


def test_it_computes_what_the_core_computes(metric, logits_and_labels):
    logits, labels = logits_and_labels
    curve = curve_of(logits, labels)
    expected = {
        "risk": curve.risk_at_coverage(1.0),
        "aurc": curve.aurc(),
        "e_aurc": curve.excess_aurc(),
        "n_aurc": curve.normalized_aurc(),
        "augrc": curve.augrc(),
        "failure_auroc": curve.failure_auroc(),
        "cov@5": curve.coverage_at_risk(0.05),
        "cov@1": curve.coverage_at_risk(0.01),
        "risk@80": curve.risk_at_coverage(0.8),
    }
    found = metric.compute(predictions=logits, references=labels)
    assert found == expected and list(found) == list(expected)
    assert {type(value) for value in found.values()} == {float}
    assert metric.compute(predictions=torch.from_numpy(logits), references=torch.from_numpy(labels)) == expected
    assert metric.compute(predictions=logits.tolist(), references=labels.tolist()) == expected


def test_risks_coverages_convention_and_level_are_chosen_by_the_call(metric, logits_and_labels):
    logits, labels = logits_and_labels
    curve = curve_of(logits, labels)
    found = metric.compute(
        predictions=logits,
        references=labels,
        target_risks=(0.2, 0.005),
        target_coverages=(0.5,),
        convention="trapezoid",
        confidence_level=0.9,
    )
    assert found["aurc"] == curve.aurc("trapezoid") and found["risk@50"] == curve.risk_at_coverage(0.5)
    assert found["cov@20"] == curve.coverage_at_risk(0.2) and found["cov@0.5"] == curve.coverage_at_risk(0.005)
    assert (found["augrc_low"], found["augrc_high"]) == curve.augrc_interval(0.9)
    assert (found["cov@20_low"], found["cov@20_high"]) == curve.coverage_at_risk_interval(0.2, 0.9)
    shift = curve.aurc() - curve.aurc("trapezoid")
    assert np.allclose([found["aurc_low"], found["aurc_high"]], np.array(curve.aurc_interval(0.9)) - shift)
    for name in ("risk", "aurc", "augrc", "failure_auroc", "cov@20"):
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]


def test_what_is_undefined_is_none_and_the_result_is_json(metric):
    found = metric.compute(predictions=[[2.0, 0.0], [3.0, 0.0]], references=[0, 0], confidence_level=0.95)
    assert found["n_aurc"] is None and found["failure_auroc"] is None and found["aurc_low"] is None
    assert found["aurc"] == 0.0 and found["cov@1"] == 1.0
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("score", [*scores.SCORES])
def test_every_score_can_be_named_at_loading(load, logits_and_labels, score):
    logits, labels = logits_and_labels
    found = load(score=score).compute(predictions=logits, references=labels)
    assert found["aurc"] == curve_of(logits, labels, scores.SCORES[score]).aurc()


@pytest.mark.parametrize("center", [True, False])
def test_logit_normalisation_is_named_with_its_p(load, logits_and_labels, center):
    logits, labels = logits_and_labels
    expected = curve_of(logits, labels, LogitNorm(3, center=center).score).aurc()
    asked = {"score": "max_logit_pnorm", "p": 3, "center": center}
    assert load(**asked).compute(predictions=logits, references=labels)["aurc"] == expected
    assert load().compute(predictions=logits, references=labels, **asked)["aurc"] == expected
    assert load().compute(predictions=logits, references=labels, p=3, center=center)["aurc"] == expected


def test_p_is_chosen_on_validation_data_alone(load):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 6, size=4000)
    logits = generator.normal(size=(4000, 6)) + 3 * np.eye(6)[labels]
    logits *= generator.uniform(0.05, 5, size=(4000, 1))  # which spoils MSP, but no norm
    validation, test = (logits[:2000], labels[:2000]), (logits[2000:], labels[2000:])
    norm = LogitNorm.fit(*validation)
    assert norm.p is not None
    expected = curve_of(*test, norm.score).aurc()
    asked = {"p": "auto", "validation": validation}
    assert load(**asked).compute(predictions=test[0], references=test[1])["aurc"] == expected
    assert load().compute(predictions=test[0], references=test[1], **asked)["aurc"] == expected


def test_pixels_count_where_they_are_labelled(load):
    counted = MASKS != 4
    logits = np.moveaxis(PIXELS, 1, -1)[counted]
    expected = curve_of(logits, MASKS[counted])
    found = load(ignore_index=4).compute(predictions=PIXELS, references=MASKS)
    assert found["aurc"] == pytest.approx(expected.aurc(), rel=1e-12)
    of_tensors = load(ignore_index=4).compute(predictions=torch.from_numpy(PIXELS), references=torch.from_numpy(MASKS))
    assert of_tensors == found


def test_samples_with_the_ignored_label_do_not_count(metric, logits_and_labels):
    logits, labels = logits_and_labels
    expected = curve_of(logits[10:], labels[10:]).aurc()
    some = np.where(np.arange(300) < 10, -100, labels)
    assert metric.compute(predictions=logits, references=some)["aurc"] == expected
    metric.add_batch(predictions=logits[:5], references=np.full(5, -100))
    with pytest.raises(InputError, match="no sample was added"):
        metric.compute()


def test_the_configuration_confidence_takes_scores_of_ones_own(load, logits_and_labels):
    logits, labels = logits_and_labels
    metric = load("confidence")
    found = metric.compute(predictions=logits.argmax(axis=1), references=labels, confidence=scores.msp(logits))
    assert found == load().compute(predictions=logits, references=labels)
    names = metric.compute(predictions=["cat", "dog"], references=["cat", "cat"], confidence=[0.9, 0.2])
    assert names["risk"] == 0.5 and names["cov@1"] == 0.5
    metric.add(prediction=1, reference=1, confidence=0.9)
    metric.add(prediction=1, reference=0, confidence=0.1)
    assert metric.compute()["aurc"] == 0.25


@pytest.mark.parametrize("keep_in_memory", [True, False])
def test_batches_and_single_samples_add_up(load, logits_and_labels, keep_in_memory):
    logits, labels = logits_and_labels
    metric = load(keep_in_memory=keep_in_memory)
    whole = metric.compute(predictions=logits, references=labels)
    for part in np.array_split(np.arange(200), 3):
        metric.add_batch(predictions=logits[part], references=labels[part])
    for index in range(200, 210):
        metric.add(prediction=logits[index], reference=int(labels[index]))
    assert metric.compute(predictions=logits[210:], references=labels[210:]) == whole


def test_stored_batches_contradict_another_score(metric, logits_and_labels):
    logits, labels = logits_and_labels
    metric.add_batch(predictions=logits[:100], references=labels[:100])
    with pytest.raises(InputError, match="100 samples are stored by their MSP, but this call names energy"):
        metric.compute(predictions=logits[100:], references=labels[100:], score="energy")
    assert metric.compute(predictions=logits[100:], references=labels[100:], score="msp")["risk"] > 0
    assert metric.compute(predictions=logits, references=labels, score="energy")["risk"] > 0


def test_saturated_float32_softmax_does_not_tie(metric):
    logits = np.array([[60.0, 0.0, 0.0], [50.0, 0.0, 0.0], [40.0, 0.0, 0.0], [30.0, 0.0, 0.0]], np.float32)
    labels = [0, 0, 1, 1]  # every softmax maximum is exactly 1.0 in float32, yet both errors have the lowest
    assert metric.compute(predictions=logits, references=labels)["cov@1"] == 0.5


def test_what_is_stored_does_not_grow_with_the_number_of_classes(metric):
    metric.add_batch(predictions=2 * np.eye(50), references=np.arange(50))
    assert set(metric.writer.schema.names) == set(STORED)
    assert {str(field.type) for field in metric.writer.schema} == {"double", "int8"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"predictions": [0, 1, 1], "references": [0, 1, 0]}, r"shape \(3,\), as class labels have.*extract_logits"),
        ({"predictions": [[0.0, 1.0]], "references": [0, 1]}, r"shape \(1, 2\) and references \(2,\)"),
        ({"predictions": [[0.0, np.nan]], "references": [0]}, "NaN"),
        ({"predictions": [[0.0, 1.0]], "references": [5]}, "a label is 5"),
        ({"predictions": PIXELS, "references": MASKS[:, :4]}, r"need \(N, K, …\) and \(N, …\)"),
        ({"predictions": [[0.0, 1.0]]}, "needs predictions and references"),
        ({"predictions": [[0.0, 1.0]], "references": [0], "confidence": [0.5]}, "needs predictions and references"),
        ({"predictions": [[0.0, 1.0]], "references": [0], "normalize": True}, "unknown argument 'normalize'"),
    ],
)
def test_bad_input_is_refused_and_the_stored_batches_survive(metric, arguments, message):
    metric.add_batch(predictions=[[2.0, 0.0], [0.0, 1.0]], references=[0, 0])
    with pytest.raises(InputError, match=message):
        metric.add_batch(**arguments)
    with pytest.raises(InputError, match=message):
        metric.compute(**arguments)
    assert metric.compute()["risk"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target_risks": (5,)}, "target_risk is 5"),
        ({"target_coverages": (0.0,)}, "target_coverage is 0"),
        ({"convention": "trapeze"}, "did you mean 'trapezoid'"),
        ({"confidence_level": 95}, "confidence_level is 95"),
        ({"score": "energies"}, "did you mean 'energy'"),
        ({"p": 3, "score": "msp"}, "no other score takes one"),
        ({"score": "max_logit_pnorm"}, "max_logit_pnorm needs a p"),
        ({"p": "auto"}, r"needs validation=\(logits, labels\) of other samples"),
        ({"p": "auto", "score": "energy"}, "only max_logit_pnorm takes a p"),
        ({"validation": ([[0.0, 1.0]], [0])}, 'only p="auto" needs it'),
        ({"p": "auto", "validation": [1, 2, 3]}, r"must be the pair \(logits, labels\)"),
    ],
)
def test_a_bad_wish_is_refused_and_the_stored_batches_survive(metric, arguments, message):
    metric.add_batch(predictions=[[2.0, 0.0], [0.0, 1.0]], references=[0, 0])
    with pytest.raises(InputError, match=message):
        metric.compute(**arguments)
    assert metric.compute()["risk"] == 0.5


def test_loading_refuses_what_it_does_not_know(load):
    with pytest.raises(InputError, match="unknown configuration 'confident': did you mean 'confidence'"):
        load("confident")
    with pytest.raises(InputError, match='"confidence" takes a confidence as it is'):
        load("confidence", score="energy")
    metric = load("confidence")
    with pytest.raises(InputError, match=r"must be \(N,\): the class of each sample"):
        metric.compute(predictions=[[0.0, 1.0]], references=[0], confidence=[0.5])
    with pytest.raises(InputError, match="needs predictions, references and confidence"):
        metric.compute(predictions=[0], references=[0])
    with pytest.raises(InputError, match="1 NaN"):
        metric.compute(predictions=[0], references=[0], confidence=[np.nan])


@pytest.mark.parametrize("argument", [{"scor": "energy"}, {"ignore_label": 255}, {"target_risks": (0.2,)}])
def test_loading_refuses_an_argument_that_it_would_not_use(load, argument):
    with pytest.raises(InputError, match="unknown argument of loading"):
        load(**argument)


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        (["0", "1"], [0, 1], "both must be names, or integers"),
        ([0.9, 0.2], [0, 1], "predictions hold float64, but must be classes"),
        (["cat", None], ["cat", "dog"], "none missing"),
    ],
)
def test_classes_of_another_kind_are_refused(load, predictions, references, message):
    with pytest.raises(InputError, match=message):
        load("confidence").compute(predictions=predictions, references=references, confidence=[0.5, 0.6])


def test_an_ignored_label_does_not_count_beside_a_confidence_either(load):
    found = load("confidence").compute(predictions=[0, 1, 1], references=[0, 1, -100], confidence=[0.9, 0.8, 0.99])
    assert found["risk"] == 0.0


def test_lengths_must_agree_where_every_label_is_ignored(metric):
    with pytest.raises(InputError, match=r"need \(N, K, …\) and \(N, …\)"):
        metric.add_batch(predictions=np.zeros((3, 4)), references=[-100] * 5)


def test_p_must_be_chosen_on_the_same_classes(load, logits_and_labels):
    logits, labels = logits_and_labels
    metric = load(p="auto", validation=(logits, labels))
    assert metric.confidence.p == LogitNorm.fit(logits, labels).p
    with pytest.raises(InputError, match="have K = 2, but the validation logits that chose p K = 5"):
        metric.compute(predictions=logits[:, :2], references=labels % 2)


def test_targets_may_be_one_number_or_text_of_one(metric, logits_and_labels):
    logits, labels = logits_and_labels
    found = metric.compute(predictions=logits, references=labels, target_risks=0.2, target_coverages=("0.5",))
    assert "cov@20" in found and "risk@50" in found


def test_tensors_that_train_and_half_precision_are_taken_one_by_one(metric, logits_and_labels):
    logits, labels = torch.tensor(logits_and_labels[0], requires_grad=True), logits_and_labels[1]
    whole = metric.compute(predictions=logits, references=labels)
    metric.add(prediction=logits[0], reference=labels[0])
    metric.add_batch(predictions=list(logits[1:]), references=list(labels[1:]))
    assert metric.compute() == whole
    metric.add(prediction=logits[0].detach().bfloat16(), reference=torch.tensor(labels[0]))
    assert metric.compute()["risk"] in (0.0, 1.0)


def test_a_column_of_arrays_is_taken_as_pandas_holds_it(metric, logits_and_labels):
    logits, labels = logits_and_labels
    column = np.empty(len(logits), dtype=object)
    column[:] = list(logits)
    assert metric.compute(predictions=column, references=labels) == metric.compute(
        predictions=logits, references=labels
    )


def test_two_scores_combine_and_an_argument_for_all_is_explained(load, logits_and_labels):
    logits, labels = logits_and_labels
    both = evaluate.combine([load(), load(score="energy")])
    found = both.compute(predictions=logits, references=labels)
    assert found["selective_risk_0_aurc"] == curve_of(logits, labels).aurc()
    assert found["selective_risk_1_aurc"] == curve_of(logits, labels, scores.energy).aurc()
    for row, label in zip(logits[:50], labels[:50], strict=True):
        both.add(prediction=row, reference=label)
    assert both.compute()["selective_risk_0_aurc"] == curve_of(logits[:50], labels[:50]).aurc()
    with pytest.raises(InputError, match="hands every argument to every member"):
        both.compute(predictions=logits, references=labels, normalize=False)


def test_the_clone_s_folder_loads(root, tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    metric = evaluate.load(str(root / "metrics" / "selective_risk"), score="energy", cache_dir=str(tmp_path))
    expected = curve_of(logits, labels, scores.energy).aurc()
    assert metric.compute(predictions=logits, references=labels)["aurc"] == expected
    assert (root / "metrics" / "selective_risk" / "selective_risk.py").read_text() == SCRIPT


LOAD = """
import evaluate
print(evaluate.load("selective_risk").compute(predictions=[[2.0, 0.0], [0.0, 1.0]], references=[0, 0])["risk"])
"""
REGISTER = ("from abstain.cli import main; main()", "register")


def run_python(code, *arguments, home, cwd, offline="1"):
    environment = os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": offline}
    environment.pop("HF_MODULES_CACHE", None)
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def test_register_makes_the_bare_name_load_anywhere_and_can_be_undone(tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = run_python(LOAD, home=home, cwd=elsewhere)
    assert before.returncode == 1 and "Couldn't find a module script" in before.stderr

    first, again = (run_python(*REGISTER, home=home, cwd=elsewhere) for _ in range(2))
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert first.stdout == again.stdout and str(home / "modules") in first.stdout
    assert run_python(LOAD, home=home, cwd=elsewhere).stdout == "0.5\n"
    assert list(elsewhere.iterdir()) == []

    undone, nothing = (run_python(*REGISTER, "--undo", home=home, cwd=elsewhere) for _ in range(2))
    assert undone.stdout.startswith("removed ") and "nothing to remove" in nothing.stdout
    assert run_python(LOAD, home=home, cwd=elsewhere).returncode == 1


def test_undoing_on_a_machine_without_it_writes_nothing(tmp_path):
    assert "nothing to remove" in run_python(*REGISTER, "--undo", home=tmp_path / "home", cwd=tmp_path).stdout
    assert not (tmp_path / "home" / "modules").exists()


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    failed = run_python(*REGISTER, home=tmp_path / "file", cwd=tmp_path)
    assert failed.returncode == 2 and "set HF_MODULES_CACHE" in failed.stderr, failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.fixture
def hub(root, tmp_path):
    """The address of a Hub of this machine, with the files of one Space: `someone/selective_risk`."""
    space = tmp_path / "hub" / "spaces" / "someone" / "selective_risk" / "resolve" / "main"
    shutil.copytree(root / "metrics" / "selective_risk", space)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "hub"))
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_a_space_loads_by_its_name_and_the_bare_name_where_the_hub_has_none(tmp_path, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub)
    online = {"home": tmp_path / "home", "cwd": tmp_path, "offline": "0"}
    of_space = run_python(LOAD.replace('"selective_risk"', '"someone/selective_risk"'), **online)
    assert of_space.stdout == "0.5\n", of_space.stderr
    assert run_python(*REGISTER, **online).returncode == 0
    bare = run_python(LOAD, **online)
    assert bare.stdout == "0.5\n", bare.stderr


def test_an_older_script_is_replaced(tmp_path):
    assert run_python(*REGISTER, home=tmp_path, cwd=tmp_path).returncode == 0
    (script,) = (tmp_path / "modules").glob("evaluate_modules/metrics/*/*/selective_risk.py")
    older = script.parent.parent / ("0" * 64)
    script.parent.rename(older)
    (older / "selective_risk.py").write_text("raise ImportError('an older version')")
    assert run_python(*REGISTER, home=tmp_path, cwd=tmp_path).returncode == 0
    assert run_python(LOAD, home=tmp_path, cwd=tmp_path).stdout == "0.5\n"
    assert not older.exists()


def test_importing_abstain_changes_nothing_on_disk(tmp_path):
    done = run_python("import abstain", home=tmp_path / "home", cwd=tmp_path)
    assert done.returncode == 0 and not (tmp_path / "home").exists()


SHARE = """
import json, sys
import numpy as np
import abstain
arrays = np.load(sys.argv[1])
process = int(sys.argv[3])
rows = np.flatnonzero(np.arange(len(arrays["labels"])) % 5 < 4 if process == 0 else np.arange(300) % 5 == 4)
if sys.argv[4] == "idle":
    rows = np.arange(300) if process == 0 else rows[:0]
metric = abstain.load_metric(num_process=2, process_id=process, experiment_id="two", cache_dir=sys.argv[2])
for part in np.array_split(rows, 2) if len(rows) else []:
    metric.add_batch(predictions=arrays["logits"][part], references=arrays["labels"][part])
print(json.dumps(metric.compute()))
"""


@pytest.mark.parametrize("second", ["busy", "idle"])
def test_two_processes_count_every_sample_once(tmp_path, metric, logits_and_labels, second):
    logits, labels = logits_and_labels
    np.savez(tmp_path / "arrays.npz", logits=logits, labels=labels)
    command = [sys.executable, "-c", SHARE, str(tmp_path / "arrays.npz"), str(tmp_path / "shared")]
    processes = [subprocess.Popen([*command, str(i), second], stdout=subprocess.PIPE, text=True) for i in range(2)]
    found = [json.loads(process.communicate(timeout=200)[0]) for process in processes]
    assert found == [metric.compute(predictions=logits, references=labels), None]


def test_the_examples_of_the_card_run(root, tmp_path):
    card = (root / "metrics" / "selective_risk" / "README.md").read_text()
    assert card.count(">>> ") > 10
    examples = tmp_path / "examples.txt"
    examples.write_text(re.sub(r"^```.*$", "", card, flags=re.MULTILINE))  # or the end of a block is taken for output
    code = "import doctest, sys; sys.exit(doctest.testfile(sys.argv[1], module_relative=False).failed)"
    assert run_python(*REGISTER, home=tmp_path, cwd=tmp_path).returncode == 0
    done = run_python(code, str(examples), home=tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
