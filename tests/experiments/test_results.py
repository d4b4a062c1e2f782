from dataclasses import dataclass

import pytest

from abstain import InputError, SelectiveTrainingArguments
from abstain.experiments.results import check_source, training_summary
from abstain.experiments.settings import without_folders


@dataclass
class Arguments:
    folder: str
    file: str
    hub: str = "stanfordnlp/imdb"
    size: int = 3


def test_of_what_is_on_this_machine_the_name_alone_is_written_down(tmp_path):
    (tmp_path / "vectors.txt").touch()
    arguments = Arguments(folder=str(tmp_path), file=str(tmp_path / "vectors.txt"))
    expected = {"folder": tmp_path.name, "file": "vectors.txt", "hub": "stanfordnlp/imdb", "size": 3}
    assert without_folders(arguments) == expected


def test_a_checkpoint_is_not_overwritten_by_what_is_made_of_it(tmp_path):
    args = SelectiveTrainingArguments(output_dir=str(tmp_path), report_to="none")
    check_source(None, args)
    check_source("somebody/something", args)
    with pytest.raises(InputError, match="the output folder is the checkpoint to fine-tune"):
        check_source(f"{tmp_path}/.", args)


def test_the_summary_says_where_the_numbers_begin():
    assert training_summary({"train_loss": 1.0}, None) == {"train_loss": 1.0, "resumed_from": None}
    assert training_summary({}, "/runs/a/checkpoint-7")["resumed_from"] == "checkpoint-7"
