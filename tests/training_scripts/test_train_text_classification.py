import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from datasets import Dataset
from tiny_data import WORDS, write_split, write_texts
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast, pipeline

import abstain.models  # noqa: F401 - registers the architecture
from abstain import InputError, read_logits

SCRIPT = "train_text_classification"
RECIPE = "training_scripts/recipes/lstm_imdb_small.yaml"


def train(root, *arguments):
    command = [sys.executable, f"training_scripts/{SCRIPT}.py", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)


@pytest.fixture
def data(tmp_path):
    return write_texts(tmp_path)


def test_an_lstm_is_trained_measured_and_can_be_used_later(root, tmp_path, data):
    run = tmp_path / "run"
    command = [RECIPE, *data, "--label_smoothing_factor", "0.2", "--learning_rate", "0.02", "--output_dir", run]
    finished = train(root, *command, "--validation_size", "100")
    assert finished.returncode == 0, finished.stderr
    results = json.loads((run / "results.json").read_text())
    assert results["settings"]["training"]["label_smoothing_factor"] == 0.2
    assert results["settings"]["model"]["word_vectors"] == "vectors.txt"
    assert str(tmp_path) not in json.dumps(results)
    assert results["data"]["test"]["samples"] == results["evaluation"]["n_samples"] == 120
    assert results["evaluation"]["n_logits"] == 1
    assert results["evaluation"]["scores"]["msp"]["risk"] < 0.2
    assert read_logits(run / "logits", "validation")[0].shape == (100, 1)
    assert not list(run.glob("*.bin")) + list(run.glob("*.pkl"))

    classify = pipeline("text-classification", model=str(run), device="cpu")
    good, bad = (classify(f"the {word} film unheard of")[0] for word in ("good", "bad"))
    assert good["label"] == bad["label"] == "pos" and good["score"] > 0.5 > bad["score"]


def test_labels_that_are_texts_are_classes_of_train_and_of_the_head(main_of, tmp_path, data):
    for path in (tmp_path / "data").iterdir():
        split = Dataset.from_parquet(str(path), keep_in_memory=True)
        names = np.array(["neg", "pos"])[split["label"][:]]
        split.remove_columns("label").add_column("label", names.tolist()).to_parquet(path)
    run = tmp_path / "run"
    main_of(SCRIPT, RECIPE, *data, "--validation_size", "100", "--num_train_epochs", "1", "--output_dir", run)
    assert json.loads((run / "config.json").read_text())["id2label"] == {"0": "pos"}
    main_of("extract_logits", "--model_name_or_path", run, *data[:2], "--output_dir", tmp_path / "logits")
    (logits, labels), (expected, classes) = (
        read_logits(folder, "test") for folder in (tmp_path / "logits", run / "logits")
    )
    order, other = np.lexsort((logits[:, 0], labels)), np.lexsort((expected[:, 0], classes))  # the run shuffles them
    assert np.array_equal(labels[order], classes[other]) and 0 < labels.mean() < 1
    assert np.allclose(logits[order], expected[other], atol=1e-5)


def test_a_student_is_taught_by_a_run_of_the_same_words_alone(main_of, tmp_path, data):
    short = [RECIPE, "--validation_size", "100", "--num_train_epochs", "1", "--learning_rate", "0.02"]
    taught = [*short, "--teacher", tmp_path / "teacher", "--distillation_weight", "1"]
    main_of(SCRIPT, *short, *data, "--output_dir", tmp_path / "teacher")
    main_of(SCRIPT, *taught, *data, "--output_dir", tmp_path / "student")
    results = json.loads((tmp_path / "student" / "results.json").read_text())
    told = results["settings"]["training"]
    assert told["teacher"] == "teacher" and len(told["teacher_sha256"]) == 64 and str(tmp_path) not in str(results)
    first, second = ((tmp_path / run / "model.safetensors").read_bytes() for run in ("teacher", "student"))
    assert len(first) == len(second) and first != second

    fewer = tmp_path / "vectors.txt"
    fewer.write_text("\n".join(fewer.read_text().splitlines()[1:]))
    with pytest.raises(InputError, match="was trained on texts tokenised otherwise than those of the student"):
        main_of(SCRIPT, *taught, *data, "--output_dir", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_any_checkpoint_is_fine_tuned_with_its_own_tokenizer(root, main_of, tmp_path, data):
    checkpoint = tmp_path / "checkpoint"
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    BertTokenizerFast(vocab={word: i for i, word in enumerate([*special, *WORDS])}).save_pretrained(checkpoint)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertForSequenceClassification(BertConfig(vocab_size=12, num_labels=5, **sizes)).save_pretrained(checkpoint)
    arguments = [*data[:2], "--model_name_or_path", checkpoint, "--validation_size", "100", "--report_to", "none"]
    arguments += ["--learning_rate", "0.01", "--num_train_epochs", "3", "--label_smoothing_factor", "0.1"]
    finished = train(root, *arguments, "--output_dir", tmp_path / "run")
    assert finished.returncode == 0, finished.stderr
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["evaluation"]["n_logits"] == 2, "a new head for these classes"
    assert results["evaluation"]["scores"]["msp"]["risk"] < 0.2
    classify = pipeline("text-classification", model=str(tmp_path / "run"), device="cpu")
    assert [classify(f"the {word} film")[0]["label"] for word in ("good", "bad")] == ["pos", "neg"]

    with pytest.raises(InputError, match="the output folder is the checkpoint to fine-tune"):
        main_of(SCRIPT, *arguments, "--output_dir", checkpoint)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--text_column", "review"], "there is no text column 'review': choose from label, text"),
        (["--label_column", "labell"], "there is no label column 'labell': did you mean 'label'?"),
        (["--word_vectors", "nowhere.txt"], "the file of word vectors 'nowhere.txt' does not exist"),
        (["--model_name_or_path", "x"], "there must be one of word_vectors"),
        (["--config_overrides", "hidden=3"], "the model cannot be made: "),
        (["--config_overrides", "hidden_size=0"], "hidden_size is 0, but must be at least 1"),
        (["--max_length", "0"], "max_length is 0, but must be at least 1"),
        (["--label_smoothing_factor", "1"], "must be in [0, 1)"),
    ],
)
def test_mistakes_are_one_sentence(main_of, tmp_path, data, arguments, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        main_of(SCRIPT, RECIPE, *data, "--validation_size", "100", *arguments, "--output_dir", tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "results.json").exists()


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ([], [], "the split 'test' is empty"),
        (["good", "bad"], [1, -1], "the split 'test' has the label -1, but labels must be classes"),
        ([None, "bad"], [1, 0], "is None, but must be a string"),
    ],
)
def test_the_other_splits_must_match_train(main_of, tmp_path, data, texts, labels, message):
    write_split(tmp_path / "data", "test", texts, labels)
    with pytest.raises(InputError, match=message):
        main_of(SCRIPT, RECIPE, *data, "--validation_size", "100", "--output_dir", tmp_path / "run")
