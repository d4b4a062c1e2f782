import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_data import WORDS
from tiny_runs import QUIET, TINY_VIT
from wrong_inputs import flipped

from abstain import InputError

IMAGES = {
    "per_device_train_batch_size": {"0": "whole number of at least 1", "-1": "at least 1", "x": "invalid int value"},
    "per_device_eval_batch_size": {"0": "whole number of at least 1"},
    "gradient_accumulation_steps": {"0": "whole number of at least 1", "-1": "at least 1"},
    "eval_accumulation_steps": {"0": "whole number of at least 1"},
    "learning_rate": {"-1": "at least 0", "nan": "at least 0", "inf": "finite"},
    "num_train_epochs": {"0": "above 0", "nan": "above 0", "inf": "above 0"},
    "max_steps": {"0": "at least 1", "-5": "at least 1"},
    "warmup_steps": {"-1": "at least 0"},
    "weight_decay": {"-1": "at least 0", "nan": "at least 0"},
    "max_grad_norm": {"-1": "at least 0", "nan": "at least 0"},
    "adam_beta1": {"2": "in [0, 1)"},
    "adam_epsilon": {"-1": "at least 0"},
    "seed": {"-1": "whole number from 0", "99999999999999999999": "whole number from 0"},
    "data_seed": {"-1": "whole number from 0"},
    "dataloader_num_workers": {"-1": "at least 0"},
    "label_smoothing_factor": {"1": "[0, 1)", "-0.1": "[0, 1)", "nan": "[0, 1)", "a": "invalid float value"},
    "lr_step_epochs": {"0": "above 0 and ascending", "nan": "above 0 and ascending"},
    "lr_step_factor": {"0": "above 0", "nan": "above 0"},
    "mixup_alpha": {"-1": "in [0, 10^6]", "nan": "in [0, 10^6]", "inf": "in [0, 10^6]", "abc": "invalid float value"},
    "cutmix_alpha": {"-0.1": "in [0, 10^6]", "nan": "in [0, 10^6]", "1e7": "in [0, 10^6]", "abc": "invalid float"},
    "distillation_temperature": {"2.5": "there is none: name a teacher", "0": "in [0.01, 1000]", "nan": "[0.01, 1000]"},
    "distillation_weight": {"1.5": "fraction in [0, 1]", "nan": "fraction in [0, 1]", "abc": "invalid float value"},
    "sam_rho": {"-1": "at least 0", "nan": "at least 0"},
    "backbone_learning_rate_factor": {"0": "above 0", "nan": "above 0"},
    "class_weights": {"0": "above 0", "nan": "above 0"},
    "eval_pixels_per_sample": {"0": "at least 1"},
    "eval_pixels_seed": {"-1": "at least 0"},
    "optim": {"nope": "invalid choice"},
    "lr_scheduler_type": {"nope": "invalid choice"},
    "save_total_limit": {"0": "at least 1", "-1": "at least 1"},
    "logging_steps": {"0": "above 0", "-1": "above 0"},
    "eval_steps": {"0": "above 0"},
    "save_steps": {"0": "above 0"},
    "save_strategy": {"best": "give metric_for_best_model", "nope": "invalid choice"},
    "torch_compile_mode": {"nope": "unknown torch_compile_mode 'nope': choose from default"},
    "label_names": {"foo": "label_names are ['foo'], but the data of the scripts have labels alone"},
    "bf16": {"maybe": "Truthy value expected"},
    "batch_eval_metrics": {"true": "AURC needs all samples at once"},
    "crop_padding": {"-1": "at least 0"},
    "image_size": {"0": "at least 1", "99999": "from 1 to 16,384", "8.5": "invalid int value"},
    "crop_fraction": {"0": "fraction in (0, 1]", "nan": "fraction in (0, 1]", "1e-9": "blows images up", "2": "(0, 1]"},
    "image_memory_gib": {"-1": "at least 0", "nan": "at least 0"},
    "resize": {"nope": "choose from crop, squash"},
    "augmentation": {"nope": "unknown augmentation"},
    "normalization": {"nope": "choose from imagenet, train"},
    "validation_size": {"-1": "at least 0"},
    "validation_seed": {"-1": "at least 0"},
    "max_samples": {"0": "at least 1"},
    "no-such-option": {"1": "unknown option '--no_such_option'"},
}
WITH_DATA = {
    "crop_padding": {"99999": "no larger than the images: 8×8"},
    "validation_size": {"99999": "from 1 to 699"},
    "test_split": {"nope": "there is no split 'nope'"},
    "image_column": {"nope": "there is no image column 'nope'", "label": "must hold images"},
    "label_column": {"nope": "there is no label column 'nope'", "image": "must hold classes or integers"},
    "model_type": {"nope": "unknown model_type 'nope'"},
    "report_to": {"nope": "the trainer cannot be made of these arguments: nope is not supported"},
    "optim": {"adamw_bnb_8bit": "the optimizer cannot be made of these arguments"},
    "push_to_hub": {"true": "push_to_hub needs a token of the Hub, and there is none"},
    "train_sampling_strategy": {"group_by_length": "the batches cannot be made of these arguments"},
    "optim_args": {"foo=1": "optim_args names 'foo', which the optimizer"},
    "ignore_index": {"3": "ignore_index is 3, but classes have the labels 0 to 9"},
    "class_weights": {"1": "there are 1 class_weights, but the model has 10 classes"},
    "config_overrides": {
        TINY_VIT.replace("patch_size=4", "patch_size=16"): "the model does not take the first sample",
        "depht=3": "the model cannot be made",
    },
    "teacher": {"./nowhere": "neither a folder here nor", "tests/training": "the folder 'tests/training' holds no"},
    "metric_for_best_model": {"aurk": "did you mean 'aurc'?"},
}


def cases(table):
    return [(f"--{option}", value, said) for option, values in table.items() for value, said in values.items()]


def refusal(main_of, name, *arguments):
    with pytest.raises(InputError) as caught:
        main_of(name, *arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("option", "value", "said"), cases(IMAGES))
def test_a_wrong_argument_is_one_sentence_and_nothing_is_written(main_of, tmp_path, option, value, said):
    assert said in refusal(main_of, "train_image_classification", "--output_dir", tmp_path / "run", option, value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("option", "value", "said"), cases(WITH_DATA))
def test_what_only_data_or_a_model_can_refuse_is_one_sentence(main_of, tmp_path, option, value, said):
    small = ["--model_type", "vit", "--config_overrides", TINY_VIT, "--max_samples", "40", "--num_train_epochs", "0.05"]
    given = ["--output_dir", tmp_path / "run", *small, *QUIET, option, value]
    assert said in refusal(main_of, "train_image_classification", *given)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "wrong", [["--optim", "adamw_bnb_8bit"], ["--dataset_name", "/nowhere"], ["--ignore_index", "3"]]
)
def test_a_run_that_is_refused_loses_nothing_of_the_one_before(main_of, tmp_path, wrong):
    kept = {"results.json": "{}", "run.json": "{}", "samples.parquet": "", "checkpoint-3/model.safetensors": "weights"}
    for name, content in kept.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    small = ["--model_type", "vit", "--config_overrides", TINY_VIT, "--max_samples", "40", "--validation_size", "100"]
    given = ["--output_dir", tmp_path, "--overwrite_output_dir", "true", *small, *QUIET, *wrong]
    refusal(main_of, "train_image_classification", *given)
    assert {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == kept


GOOD = {"text": ["good film", "bad film"] * 10, "label": [1, 0] * 10}
SPLITS = {
    "an empty text of train": ({"text": [None, *GOOD["text"][1:]]}, {}, "is None, but must be a string"),
    "an empty text of test": ({}, {"text": [None, *GOOD["text"][1:]]}, "text 0 is None, but must be a string"),
    "an empty label of test": ({}, {"label": [None, *GOOD["label"][1:]]}, "'test' has the label None"),
    "a class only in test": ({}, {"label": [2, *GOOD["label"][1:]]}, "'test' has the label 2, but labels must be"),
    "one class only": ({"label": [0] * 20}, {}, "nothing but 0, but two classes are needed"),
    "fractional labels": ({"label": [0.5, 0.0] * 10}, {}, "must hold classes or integers"),
    "labels that are missing in test": ({}, {"label": None}, "'test' has nothing in the column 'label'"),
    "texts that are missing in test": ({}, {"text": None}, "text 0 is None"),
}


def write(folder, **splits):
    folder.mkdir()
    for name, columns in splits.items():
        table = {column: values for column, values in columns.items() if values is not None}
        pq.write_table(pa.table(table), folder / f"{name}.parquet")
    return folder


@pytest.fixture
def texts(tmp_path):
    (tmp_path / "vectors.txt").write_text("\n".join(f"{word} {i} 1" for i, word in enumerate(WORDS)))
    return [
        "--word_vectors",
        tmp_path / "vectors.txt",
        "--output_dir",
        tmp_path / "run",
        "--validation_size",
        "4",
        *QUIET,
    ]


@pytest.mark.parametrize(("train", "test", "said"), SPLITS.values(), ids=SPLITS)
def test_wrong_splits_are_one_sentence(main_of, tmp_path, texts, train, test, said):
    folder = write(tmp_path / "data", train=GOOD | train, test=GOOD | test)
    assert said in refusal(main_of, "train_text_classification", "--dataset_name", folder, *texts)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--max_length", "0"], "max_length is 0, but must be at least 1"),
        (["--text_column", "label"], "must hold texts"),
        (["--text_column", "nope"], "there is no text column 'nope'"),
        (["--label_column", "text"], "cannot hold texts and labels"),
        (["--validation_size", "20"], "validation_size is 20, but must be from 1 to 19"),
        (["--validation_size", "0"], "there is no split 'validation'"),
        (["--mixup_alpha", "0.2"], "the training samples have input_ids, attention_mask: leave them out"),
        (["--cutmix_alpha", "1"], "mix one input of floats, such as images or encoded rows of a table"),
    ],
)
def test_wrong_arguments_for_texts_are_one_sentence(main_of, tmp_path, texts, arguments, said):
    folder = write(tmp_path / "data", train=GOOD, test=GOOD)
    assert said in refusal(main_of, "train_text_classification", "--dataset_name", folder, *texts, *arguments)


def test_a_table_without_a_column_in_test_is_refused(main_of, tmp_path):
    table = {"age": list(range(20)), "label": ["a", "b"] * 10}
    folder = write(tmp_path / "data", train=table, test=table | {"age": None})
    given = ["--dataset_name", folder, "--output_dir", tmp_path / "run", "--validation_size", "4", *QUIET]
    assert "'test' has nothing in the column 'age'" in refusal(main_of, "train_tabular_classification", *given)


def test_parquet_with_a_bit_turned_over_is_refused_or_read(tmp_path):
    from abstain.data import load_data

    content = (write(tmp_path / "good", train=GOOD) / "train.parquet").read_bytes()
    refused = 0
    for number, damaged in enumerate([b"", content[:200], *flipped(content, times=20)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "train.parquet").write_bytes(damaged)
        try:
            load_data(str(folder))
        except InputError as error:
            assert "could not be read in this folder" in str(error) and "\n" not in str(error)
            refused += 1
    assert refused >= 5
