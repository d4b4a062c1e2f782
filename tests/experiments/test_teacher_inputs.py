from dataclasses import replace

import pytest
from datasets import Dataset

from abstain import InputError
from abstain.data.processors import renormalized, squash
from abstain.data.tables import TableEncoder
from abstain.data.texts import word_tokenizer
from abstain.experiments.teacher_inputs import check_teacher_inputs

IMAGES = squash(8, 8)
ROWS = TableEncoder.fit(Dataset.from_dict({"age": [1.0, 2.0, 4.0], "y": ["a", "b", "a"]}), "y")
CASES = {
    "images": (IMAGES, renormalized(IMAGES, [0.5] * 3, [0.5] * 3), "images normalised otherwise"),
    "texts": (*(word_tokenizer(words, max_length=4) for words in (["good", "bad"], ["bad", "good"])), "tokenised"),
    "tables": (ROWS, replace(ROWS, numeric={"age": (2.0, 1.0)}), "tables encoded otherwise"),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_teacher_of_other_inputs_is_refused(tmp_path, kind):
    processor, other, said = CASES[kind]
    check_teacher_inputs(None, kind, processor)
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    if kind != "texts":  # of which transformers makes a tokenizer without any file
        check_teacher_inputs(str(tmp_path), kind, processor)
    processor.save_pretrained(tmp_path)
    check_teacher_inputs(str(tmp_path), kind, processor)
    with pytest.raises(InputError, match=said) as caught:
        check_teacher_inputs(str(tmp_path), kind, other)
    assert "\n" not in str(caught.value)


def test_stored_logits_have_no_inputs(tmp_path):
    (tmp_path / "train.csv").write_text("logit_0,logit_1,label\n0,1,1\n")
    check_teacher_inputs(str(tmp_path / "train.csv"), "tables", ROWS)
