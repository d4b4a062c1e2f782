import gzip
import json

import datasets
import pandas as pd
import pytest
from sample_logs import THREE, line, write_log

from abstain import InputError
from abstain.logits.sample_log import is_sample_log, open_sample_log, questions
from abstain.logits.sources import open_source


def asked(path, lines):
    return questions(open_source(write_log(path / "samples.jsonl", lines)))


def test_a_log_is_told_by_its_columns():
    assert is_sample_log(THREE[0]) and is_sample_log(["target", "arguments", "resps"])
    assert not is_sample_log(["target", "resps"]) and not is_sample_log(["logits", "target", "arguments"])


def test_other_lines_are_no_log(tmp_path):
    for text in ('{"logits": [1, 2], "label": 0}\n', "[1]\n", "no JSON\n", ""):
        (tmp_path / "a.jsonl").write_text(text)
        assert open_sample_log(tmp_path / "a.jsonl", "it") is None


def test_a_question_has_what_counts(tmp_path):
    first, second, third = asked(tmp_path, THREE)
    assert first.log_likelihoods.tolist() == [-1, -3] and first.continuations == (" A", " B")
    assert (second.row, second.target, len(second.log_likelihoods)) == (1, "1", 3)
    assert third.stored == {"acc": 0.0, "acc_norm": 1.0} and not third.are_contexts


def test_a_log_is_the_same_packed_as_a_table_and_as_a_data_set(tmp_path):
    path = write_log(tmp_path / "samples.jsonl", THREE)
    with gzip.open(tmp_path / "samples.jsonl.gz", "wt") as packed:
        packed.write(path.read_text())
    pd.DataFrame(THREE).to_parquet(tmp_path / "samples.parquet")
    table = datasets.Dataset.from_list(THREE)
    for source in (path, tmp_path / "samples.jsonl.gz", tmp_path / "samples.parquet", table, pd.DataFrame(THREE)):
        read = questions(open_source(source))
        assert [question.log_likelihoods.tolist() for question in read] == [[-1, -3], [-2, -2, -42], [-2, -4]]
        assert [question.continuations[-1] for question in read] == [" B", " C", " abcd"]


def test_old_logs_hold_numbers_and_lists(tmp_path):
    old = {"doc_id": 0, "target": "0", "arguments": [["?", " x"], ["?", " y"]], "acc": 1.0}
    (question,) = asked(tmp_path, [old | {"resps": [[[-0.5, False]], [[-1.5, True]]]}])
    assert question.log_likelihoods.tolist() == [-0.5, -1.5] and question.continuations == (" x", " y")


def test_many_choices_stay_in_the_order_of_their_numbers(tmp_path):
    choices = [f"choice {number}" for number in range(12)]
    (question,) = asked(tmp_path, [line(0, [-float(number) for number in range(12)], 0, choices, acc=1.0)])
    assert question.continuations == tuple(f" choice {number}" for number in range(12))


def test_a_line_end_within_a_text_is_none_of_the_file(tmp_path):
    lines = [one | {"target": one["target"] + "\u2028\r\x85"} for one in THREE]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in lines))
    assert len(questions(open_source(tmp_path / "a.jsonl"))) == 3


def test_the_half_without_a_context_does_not_count(tmp_path):
    (question,) = asked(tmp_path, [line(0, [-1.0, -2.0, -9.0, -8.0], 0, [*"AB", *"AB"], acc=1.0, acc_mutual_info=0.0)])
    assert question.log_likelihoods.tolist() == [-1, -2] and question.continuations == (" A", " B")


TEXT = THREE[0] | {"resps": [["lol"]], "filtered_resps": ["lol"]}
ROLLING = THREE[0] | {"resps": [["-0.5"]], "filtered_resps": ["-0.5"]}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([TEXT], "holds what a model wrote .* no log-likelihoods of choices: run a task .* multiple_choice"),
        ([TEXT, TEXT | {"filter": "strict"}], "holds what a model wrote"),
        ([ROLLING], "or the likelihood of whole texts, but no log-likelihoods of choices"),
        ([line(0, [-0.5], 0, acc=1)], "holds 1 log-likelihood a question, which leaves nothing to choose between"),
        ([THREE[0], THREE[1] | {"filter": "strict"}], "for each of the filters none, strict: keep the lines of one"),
        ([THREE[0], THREE[0]], "holds the question with the doc_id 0 twice"),
        ([line(0, [-0.5, float("nan")], 0, acc=1)], "question 0 .* has 2 choices and the log-likelihoods -0.5, nan"),
        ([THREE[0] | {"arguments": {"gen_args_0": {"arg_0": "?", "arg_1": " A"}}}], "has 1 choices and the log"),
        ([{**THREE[0]}, {"doc_id": 1}], "cannot be read as a sample log of lm-evaluation-harness"),
        ([THREE[0] | {"filtered_resps": [["x", "y"], ["z", "a"]]}], "cannot be read as a sample log"),
    ],
)
def test_what_is_no_question_with_choices_is_one_sentence(tmp_path, lines, message):
    with pytest.raises(InputError, match=message) as caught:
        asked(tmp_path, lines)
    assert "\n" not in str(caught.value)


def test_a_damaged_line_is_one_sentence(tmp_path):
    path = write_log(tmp_path / "samples.jsonl", THREE)
    path.write_text(path.read_text()[:-40])
    with pytest.raises(InputError, match=r"cannot be read as \.jsonl"):
        open_source(path)
