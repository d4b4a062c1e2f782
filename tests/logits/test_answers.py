import json
import os
import random
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from sample_logs import THREE, line, write_log

from abstain import InputError
from abstain.logits import read_predictions
from abstain.logits.answers import read_answers
from abstain.logits.sources import open_source


def answers(path, lines, choice=None):
    return read_answers(open_source(write_log(path / "samples.jsonl", lines)), choice)


def test_each_question_has_its_own_softmax(tmp_path):
    found = answers(tmp_path, THREE)
    assert found.confidence == pytest.approx([2, 0, 2]) and found.error.tolist() == [0, 1, 1]
    assert found.used == (
        "log-likelihoods of 2 to 3 choices a question; right where acc is; acc_norm chooses another answer in 1 of 3 "
        "questions (--choice acc_norm)"
    )
    assert found.values is None and "from 2 to 3 choices" in found.why_no_values


def test_the_other_choice_has_its_own_answers_and_its_own_confidence(tmp_path):
    found = answers(tmp_path, THREE, "acc_norm")
    assert found.confidence == pytest.approx([2, 0, 1]) and found.error.tolist() == [0, 1, 0]
    assert "right where acc_norm is; acc chooses another answer in 1 of 3" in found.used


def test_bytes_are_not_characters(tmp_path):
    stored = {"acc": 1.0, "acc_norm": 0.0, "acc_bytes": 1.0}
    lines = [
        line(0, [-3.0, -4.0], 0, ["éé", "abc"], **stored)
    ]  # by characters -1.5 and -1.33, by bytes -0.75 and -1.33
    assert answers(tmp_path, lines, "acc_bytes").confidence == pytest.approx([-0.75 + 4 / 3])
    assert answers(tmp_path, lines, "acc_norm").confidence == pytest.approx([-4 / 3 + 1.5])


def test_a_choice_that_begins_with_its_own_space_is_counted_with_it(tmp_path):
    lines = [line(0, [-2.0, -3.1], 1, [" a", " bc"], delimiter="", acc=0.0, acc_norm=0.0)]  # -1 and -1.03; -2 and -1.55
    found = answers(tmp_path, lines, "acc_norm")
    assert found.error.tolist() == [1] and found.confidence == pytest.approx([3.1 / 3 - 1])


def test_as_many_choices_everywhere_are_logits_as_any(tmp_path):
    found = answers(tmp_path, [line(0, [-1, -3], 0, acc=1), line(1, [-5, -4], 0, acc=0)])
    assert found.values.tolist() == [[-1, -3], [-5, -4]] and found.labels.tolist() == [0, 0]
    assert found.why_no_values is None


def test_several_right_choices_are_no_label(tmp_path):
    found = answers(tmp_path, [line(0, [-1, -3, -4], [0, 2], acc=1), line(1, [-5, -4, -9], [0], acc=0)])
    assert found.values is None and "the one right choice of each question" in found.why_no_values
    assert found.error.tolist() == [0, 1]


def test_contexts_as_choices_are_right_where_the_log_says_so(tmp_path):
    one = line(0, [-1, -3], "goes on", ["goes on", "goes on"], acc=0)
    found = answers(tmp_path, [one, line(1, [-2, -1], "ends", ["ends", "ends"], acc=1)])
    assert found.confidence.tolist() == [2, 1] and found.error.tolist() == [1, 0]
    assert found.used.endswith("the choices are contexts, so that acc is taken as it is stored")
    with pytest.raises(InputError, match="whose own it does not tell: leave out choice="):
        answers(tmp_path, [one | {"acc_norm": 0}], "acc_norm")


def test_one_question_with_equal_choices_makes_the_others_no_contexts(tmp_path):
    found = answers(tmp_path, [*THREE, line(3, [-1, -2], 0, ["x", "x"], acc=1, acc_norm=1)], "acc_norm")
    assert found.error.tolist() == [0, 1, 0, 0] and "contexts" not in found.used


@pytest.mark.parametrize(
    ("lines", "choice", "message"),
    [
        ([line(0, [-1, -3], 0, acc=0)], None, "stores acc = 0, which does not follow"),
        ([line(0, [-1, -3], 0, acc=0.5)], None, "stores acc = 0.5, which does not follow"),
        ([line(0, [-1, -3], "x", ["x", "x"], acc=0.5)], None, "acc is neither 0 nor 1 of some questions"),
        ([line(0, [-1, -3], 0, acc=1)], "acc_norm", "stores acc of its questions, but not acc_norm: have the task"),
        ([line(0, [-1, -3], 0, acc_norm=1)], None, "stores acc_norm of its questions, but not acc: .*choice="),
        ([line(0, [-1, -3], 0, exact_match=1)], None, "stores no accuracy of its questions, but not acc"),
        ([line(0, [-1, -3], 0, ["", "a"], acc=1, acc_norm=1)], "acc_norm", "question 0 .* has an empty choice"),
        (THREE, "f1", "unknown choice 'f1': choose from acc, acc_bytes, acc_norm"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path, lines, choice, message):
    with pytest.raises(InputError, match=message) as caught:
        answers(tmp_path, lines, choice)
    assert "\n" not in str(caught.value)


TASK = """
task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: {choices}
doc_to_target: {target}
metric_list:
  - metric: acc
  - metric: acc_norm
"""
TASKS = {"by_index": ("choices", "index"), "by_text": ("choices", "text"), "by_letter": ("[A, B, C, D, E]", "letter")}


@pytest.fixture(scope="session")
def logs_of_the_harness(tmp_path_factory):
    """The folder that `lm_eval --log_samples` leaves of tasks with questions of 2 to 5 choices."""
    if find_spec("lm_eval") is None:
        pytest.skip("needs lm-evaluation-harness: pip install -e '.[harness]'")
    folder, draw = tmp_path_factory.mktemp("harness"), random.Random(0)
    with (folder / "data.jsonl").open("w") as data:
        for number in range(60):
            choices = [f"{'word ' * draw.randint(1, 5)}{place}" for place in range(draw.randint(2, 5))]
            index = draw.randrange(len(choices))
            row = {"choices": choices, "index": index, "text": choices[index], "letter": "ABCDE"[index]}
            data.write(json.dumps({"question": f"Question {number}", **row}) + "\n")
    for name, (choices, target) in TASKS.items():
        text = TASK.format(name=name, data=folder / "data.jsonl", choices=choices, target=target)
        (folder / f"{name}.yaml").write_text(text)
    command = [sys.executable, "-m", "lm_eval", "--model", "dummy", "--tasks", ",".join(TASKS), "--log_samples"]
    command += ["--include_path", str(folder), "--output_path", str(folder / "logs")]
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(folder / "cache")}
    finished = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **offline})
    assert finished.returncode == 0, finished.stderr
    return folder / "logs"


@pytest.mark.parametrize("choice", ["acc", "acc_norm"])
@pytest.mark.parametrize("task", TASKS)
def test_logs_of_the_harness_itself(logs_of_the_harness, task, choice):
    predictions = read_predictions(logs_of_the_harness, split=task, choice=choice)
    (path,) = logs_of_the_harness.rglob(f"samples_{task}_*.jsonl")
    rows = [json.loads(text) for text in path.read_text().splitlines()]
    error, confidence = 1 - np.array([row[choice] for row in rows]), []
    for row in rows:
        values = np.array([float(likelihood) for likelihood, _ in row["filtered_resps"]])
        if choice == "acc_norm":
            values = values / [len(held["arg_1"]) - 1 for held in row["arguments"].values()]
        powers = np.exp(values)
        confidence.append(powers.max() / powers.sum())
    if task == "by_letter":
        assert predictions.kind == "logits" and predictions.values.shape == (60, 5)
        assert (predictions.values.argmax(dim=1).numpy() != predictions.labels).tolist() == error.tolist()
    else:
        assert 1 / (1 + np.exp(-predictions.confidence)) == pytest.approx(confidence)
        assert predictions.error.tolist() == error.tolist()


def test_several_tasks_are_named(logs_of_the_harness):
    with pytest.raises(InputError, match="holds the splits by_index, by_letter, by_text: name one"):
        read_predictions(logs_of_the_harness)
