import json
import os
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Image
from PIL import Image as PILImage

from abstain import InputError, cli, extract_logits, read_logits, write_logits
from abstain.data.columns import head_classes
from abstain.data.image_tensors import decode_images
from abstain.data.splits import load_data
from abstain.logits.forward import ExtractionPlan
from abstain.logits.inputs import ImageInputs
from abstain.logits.sharded import extract_shards
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification

FEATURES = Features({"image": Image(), "label": ClassLabel(names=[str(digit) for digit in range(10)])})


@pytest.fixture(scope="module")
def digits():
    return decode_images(load_data("digits")["test"].select(range(50)))


def small_resnet():
    torch.manual_seed(0)
    config = CifarResNetConfig(depth=8, width=4, **head_classes([str(digit) for digit in range(10)]))
    return CifarResNetForImageClassification(config).eval()


def inputs_of(digits, dataset=None):
    dataset = load_data("digits")["test"].select(range(50)) if dataset is None else dataset
    return ImageInputs(dataset, digits.image_processor(), "image", split="test")


def extract(digits, folder, *, dataset=None, model=None, settings=None, **plan):
    plan = ExtractionPlan(**{"samples_per_shard": 20, "batch_size": 8, **plan})
    return extract_shards(
        model or small_resnet(), inputs_of(digits, dataset), folder / "test", plan, settings=settings or {}
    )


def test_the_shards_together_are_what_the_model_says_of_each_sample(tmp_path, digits):
    outcome = extract(digits, tmp_path)
    assert sorted(path.name for path in (tmp_path / "test").glob("*.parquet")) == [
        f"part-0000{index}-of-00003.parquet" for index in range(3)
    ]
    logits, labels = read_logits(tmp_path, "test")
    expected, expected_labels = extract_logits(small_resnet(), digits)
    assert logits.dtype == np.float32 and np.allclose(logits, expected, atol=1e-5)
    assert np.array_equal(labels, expected_labels)
    assert outcome["samples"] == 50 and outcome["skipped"] == {"count": 0, "rows": []}
    assert json.loads((tmp_path / "test" / "extraction.json").read_text()) == outcome


def test_it_goes_on_where_it_stopped(tmp_path, digits, monkeypatch):
    extract(digits, tmp_path)
    folder = tmp_path / "test"
    whole = {path.name: path.read_bytes() for path in folder.glob("part-*")}
    (folder / "part-00001-of-00003.parquet").unlink()
    (folder / "part-00002-of-00003.parquet").write_bytes(whole["part-00002-of-00003.parquet"][:100])  # cut off
    with pytest.raises(InputError, match=r"lacks 1 of 3 shards, part-00001-of-00003\.parquet first"):
        read_logits(tmp_path, "test")
    read, rows = ImageInputs.__getitems__, []
    monkeypatch.setattr(ImageInputs, "__getitems__", lambda self, wanted: rows.extend(wanted) or read(self, wanted))
    extract(digits, tmp_path)
    assert rows == list(range(20, 50)), "the whole shard is not run again"
    assert {path.name: path.read_bytes() for path in folder.glob("part-*")} == whole


def test_other_settings_or_weights_are_refused(tmp_path, digits):
    extract(digits, tmp_path, settings={"dataset_name": "digits"})
    with pytest.raises(InputError, match="with samples_per_shard = 20, but this one has 25"):
        extract(digits, tmp_path, settings={"dataset_name": "digits"}, samples_per_shard=25)
    with pytest.raises(InputError, match="with dataset_name = 'digits', but this one has 'other'"):
        extract(digits, tmp_path, settings={"dataset_name": "other"})
    model = small_resnet()
    model.classifier.bias.data.add_(1)
    with pytest.raises(InputError, match="weights_sha256"):
        extract(digits, tmp_path, settings={"dataset_name": "digits"}, model=model)
    extract(digits, tmp_path, settings={"dataset_name": "digits"}, workers=1)


def test_a_split_is_a_file_or_shards_but_not_both(tmp_path, digits, logits_and_labels):
    write_logits(tmp_path, "test", *logits_and_labels)
    with pytest.raises(InputError, match=r"test\.parquet exists in"):
        extract(digits, tmp_path)
    extract(digits, tmp_path / "shards")
    write_logits(tmp_path / "shards", "test", *logits_and_labels)
    with pytest.raises(InputError, match=r"holds both test\.parquet and the folder test"):
        read_logits(tmp_path / "shards", "test")
    with pytest.raises(InputError, match=r"no split 'train' in .*: it has test"):
        read_logits(tmp_path / "shards", "train")


def broken(tmp_path, count=30):
    """Images of which number 3 and all from 20 to 29 do not decode."""
    pixels = np.random.default_rng(0).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    PILImage.fromarray(pixels).save(tmp_path / "whole.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "whole.png").read_bytes()[:60])
    bad = {3, *range(20, 30)}
    files = ["broken.png" if index in bad else "whole.png" for index in range(count)]
    files = [{"bytes": (tmp_path / name).read_bytes(), "path": name} for name in files]
    return Dataset.from_dict({"image": files, "label": [index % 10 for index in range(count)]}, features=FEATURES), bad


@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_that_does_not_decode_is_named_or_left_out_and_counted(tmp_path, digits, workers):
    dataset, bad = broken(tmp_path)
    with pytest.raises(InputError, match=r"image 3 does not decode \(split 'test', file .*broken\.png\)") as caught:
        extract(digits, tmp_path / "a", dataset=dataset, workers=workers)
    assert "skip_bad_samples" in str(caught.value) and "\n" not in str(caught.value)
    plan = {"skip_bad_samples": True, "workers": workers, "samples_per_shard": 10}
    outcome = extract(digits, tmp_path / "b", dataset=dataset, **plan)
    assert outcome["samples"] == 19 and outcome["skipped"] == {"count": 11, "rows": sorted(bad)}
    assert read_logits(tmp_path / "b", "test")[1].tolist() == [index % 10 for index in range(30) if index not in bad]
    assert pq.read_metadata(tmp_path / "b" / "test" / "part-00002-of-00003.parquet").num_rows == 0


def test_half_precision_leaves_the_logits_unrounded_and_near(tmp_path, digits):
    extract(digits, tmp_path, dtype="bfloat16", channels_last=True)
    extract(digits, tmp_path / "plain")
    logits, expected = (read_logits(folder, "test")[0] for folder in (tmp_path, tmp_path / "plain"))
    rounded = torch.from_numpy(logits).bfloat16().float().numpy()
    assert (logits != rounded).mean() > 0.9, "bfloat16 has 8 bits, of which nearly no float32 is made"
    assert 0 < abs(logits - expected).max() < 0.05 * abs(expected).max()


def test_shards_without_their_settings_are_not_taken_up(tmp_path, digits):
    extract(digits, tmp_path)
    (tmp_path / "test" / "extraction.json").unlink()
    with pytest.raises(InputError, match=r"holds shards without extraction\.json: give another folder or name"):
        extract(digits, tmp_path)


def test_where_every_row_is_bad_the_corrected_command_may_begin_anew(tmp_path, digits):
    dataset, bad = broken(tmp_path)
    plan = {"skip_bad_samples": True, "samples_per_shard": 5}
    with pytest.raises(InputError, match="none of the 11 rows gives a sample"):
        extract(digits, tmp_path / "a", dataset=dataset.select(sorted(bad)), **plan)
    assert not list((tmp_path / "a" / "test").glob("*.parquet"))
    outcome = extract(digits, tmp_path / "a", dataset=dataset, **plan)
    assert outcome["samples"] == 19 and outcome["settings"]["parts"] == 6


def run_script(root, *arguments, launcher=(sys.executable,)):
    command = [*launcher, "training_scripts/extract_logits.py", *map(str, arguments)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def test_two_processes_write_the_same_shards_as_one(root, tmp_path, digits, monkeypatch, capsys):
    small_resnet().save_pretrained(tmp_path / "model")
    digits.image_processor().save_pretrained(tmp_path / "model")
    arguments = ["--model_name_or_path", tmp_path / "model", "--samples_per_shard", "90", "--batch_size", "32"]
    two = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    for name, launcher in (("one", []), ("two", two)):
        finished = run_script(root, *arguments, "--output_dir", tmp_path / name, launcher=[sys.executable, *launcher])
        assert finished.returncode == 0, finished.stderr
        assert finished.stdout.count("797 samples (0 skipped)") == 1
    names = sorted(path.name for path in (tmp_path / "one" / "test").iterdir())
    assert len(names) == 10 and names == sorted(path.name for path in (tmp_path / "two" / "test").iterdir())
    for name in names:
        assert (tmp_path / "one" / "test" / name).read_bytes() == (tmp_path / "two" / "test" / name).read_bytes(), name
    assert str(tmp_path) not in (tmp_path / "one" / "test" / "extraction.json").read_text()

    refused = run_script(root, *arguments, "--output_dir", tmp_path / "one", "--label_column", "lable")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1, refused.stderr
    assert "there is no label column 'lable': did you mean 'label'?" in refused.stderr

    monkeypatch.setattr(sys, "argv", ["abstain", "evaluate", str(tmp_path / "two" / "test"), "--json"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert not stopped.value.code and json.loads(capsys.readouterr().out)["n_samples"] == 797


def test_a_text_classifier_is_run_through_its_tokenizer(root, tmp_path):
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path / "model")
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    torch.manual_seed(0)
    model = BertForSequenceClassification(BertConfig(vocab_size=8, num_labels=2, **sizes)).eval()
    model.save_pretrained(tmp_path / "model")
    texts = ["good film", "bad", "good good good film", "bad film", "film"]
    (tmp_path / "data").mkdir()
    Dataset.from_dict({"text": texts, "label": [1, 0, 1, 0, 1]}).to_parquet(str(tmp_path / "data" / "test.parquet"))
    arguments = ["--model_name_or_path", tmp_path / "model", "--dataset_name", tmp_path / "data", "--batch_size", "2"]
    finished = run_script(root, *arguments, "--output_dir", tmp_path / "logits", "--samples_per_shard", "3")
    assert finished.returncode == 0, finished.stderr
    logits, labels = read_logits(tmp_path / "logits", "test")
    ids = torch.tensor([[2, 5, 5, 5, 7, 3]])
    with torch.no_grad():
        assert np.allclose(logits[2], model(ids).logits[0], atol=1e-6)
    assert labels.tolist() == [1, 0, 1, 0, 1] and len(np.unique(logits[:, 0])) == 5
