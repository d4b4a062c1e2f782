import json
import os
import re
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from datasets import Dataset, DatasetDict, Image
from PIL import Image as PILImage
from tiny_data import write_pictures
from tiny_runs import TINY_SEGFORMER, launch
from transformers import (
    MobileViTImageProcessor,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessor,
)

from abstain import InputError, read_logits


def train(root, *arguments):
    command = [sys.executable, "training_scripts/train_semantic_segmentation.py", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), broken=4)


def options(folder):
    chosen = ["--dataset_name", folder, "--class_names", "left", "right", "--ignore_index", "3", "--crop_size", "32"]
    chosen += ["--model_type", "segformer", "--config_overrides", "decoder_hidden_size=8", "--report_to", "none"]
    chosen += ["--max_steps", "3", "--per_device_train_batch_size", "4", "--eval_pixels_per_sample", "50"]
    return [*chosen, "--label_smoothing_factor", "0.2", "--disable_tqdm", "true"]


def test_it_trains_measures_and_counts_bad_images(root, tmp_path, folder):
    finished = train(root, *options(folder), "--skip_bad_samples", "true", "--output_dir", tmp_path / "run")
    assert finished.returncode == 0, finished.stderr
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["data"]["train"]["skipped"] == 1 and results["data"]["train"]["samples"] == 8
    assert results["evaluation"]["n_images"] == 6 and results["evaluation"]["n_samples"] == 6 * 50
    logits, labels = read_logits(tmp_path / "run" / "logits", "test")
    assert logits.shape == (300, 2) and set(labels.tolist()) == {0, 1}
    sample = pq.read_table(tmp_path / "run" / "logits" / "test.parquet")["sample"].to_numpy()
    assert np.array_equal(sample, np.repeat(np.arange(6), 50))
    assert (tmp_path / "run" / "preprocessor_config.json").exists() and str(tmp_path) not in json.dumps(results)


def test_every_model_is_measured_on_the_same_pixels_and_a_checkpoint_is_fine_tuned(root, main_of, tmp_path, folder):
    common = [*options(folder), "--skip_bad_samples", "true"]
    first = train(root, *common, "--output_dir", tmp_path / "a")
    assert first.returncode == 0, first.stderr
    second = train(root, *common, "--seed", "5", "--model_name_or_path", tmp_path / "a", "--output_dir", tmp_path / "b")
    assert second.returncode == 0, second.stderr
    (a, labels_a), (b, labels_b) = (read_logits(tmp_path / name / "logits", "test") for name in "ab")
    assert np.array_equal(labels_a, labels_b) and not np.array_equal(a, b)

    extracted = ["--model_name_or_path", tmp_path / "a", "--dataset_name", folder, "--output_dir", tmp_path / "logits"]
    extracted += ["--pixels_per_sample", "50", "--samples_per_shard", "4"]
    main_of("extract_logits", *extracted)
    parts = sorted((tmp_path / "logits" / "test").glob("*.parquet"))
    found = pa.concat_tables([pq.read_table(path) for path in parts])
    expected = pq.read_table(tmp_path / "a" / "logits" / "test.parquet")
    assert len(parts) == 2 and found["sample"].equals(expected["sample"]) and found["label"].equals(expected["label"])
    assert np.allclose(read_logits(tmp_path / "logits", "test")[0], a, atol=1e-5)

    two = ["tests/launched_script.py", "--processes", "2"]
    finished = launch(root, "extract_logits", *extracted, "--output_split", "of_two", launcher=two)
    assert finished.returncode == 0, finished.stderr
    for path in parts:  # sums on one thread or several differ in their last digits
        of_two, of_one = (pq.read_table(file) for file in (tmp_path / "logits" / "of_two" / path.name, path))
        assert of_two.drop_columns("logits").equals(of_one.drop_columns("logits"))
    assert np.allclose(read_logits(tmp_path / "logits", "of_two")[0], a, atol=1e-5)

    of_train = [*extracted, "--split", "train", "--dtype", "bfloat16"]
    with pytest.raises(InputError, match=r"image 4 does not decode: .*; skip_bad_samples leaves such samples out"):
        main_of("extract_logits", *of_train)
    main_of("extract_logits", *of_train, "--skip_bad_samples", "true")  # goes on after the part that is whole
    outcome = json.loads((tmp_path / "logits" / "train" / "extraction.json").read_text())
    assert outcome["samples"] == 8 * 50 and outcome["skipped"] == {"count": 1, "rows": [4]}
    logits = read_logits(tmp_path / "logits", "train")[0]
    rounded = torch.from_numpy(logits).bfloat16().float().numpy()
    assert (logits != rounded).mean() > 0.9, "the head, a convolution, computes in float32"
    for wrong, message in (
        (["--ignore_index", "7"], "the mask of image 0 has the label 3, but labels must be from 0 to 1"),
        (["--label_ids", "0"], "there are 1 label_ids and 2 classes"),
        (["--ignore_index", "6", "--workers", "1"], "^the mask of image 0 has the label 3"),
        (["--image_column", "annotation"], "images and masks are both in the column 'annotation'"),
        (["--label_ids", "8", "9"], "none of the 6 rows gives a sample"),  # after a claim without parts, which is free
        (["--label_ids", "7", "9"], "none of the 6 rows gives a sample"),  # after one whose parts were empty
    ):
        with pytest.raises(InputError, match=message):
            main_of("extract_logits", *extracted, "--output_split", wrong[0].strip("-"), *wrong)


def test_what_a_processor_does_to_masks_and_sizes_is_not_passed_over(main_of, tmp_path, folder):
    torch.manual_seed(0)
    model = SegformerForSemanticSegmentation(SegformerConfig(**TINY_SEGFORMER, num_labels=3))
    model.save_pretrained(tmp_path / "model")
    extracted = ["--model_name_or_path", tmp_path / "model", "--dataset_name", folder, "--output_dir", tmp_path]
    with pytest.raises(InputError, match="has no image processor: save one beside it"):
        main_of("extract_logits", *extracted)
    SegformerImageProcessor(do_resize=False, do_reduce_labels=True).save_pretrained(tmp_path / "model")
    main_of("extract_logits", *extracted, "--pixels_per_sample", "2000")
    # ids 1 and 3, of the frame, are classes 0 and 2; id 0 is none
    assert set(read_logits(tmp_path, "test")[1].tolist()) == {0, 2}
    crops = {"do_resize": False, "do_center_crop": True, "crop_size": {"height": 16, "width": 16}}
    MobileViTImageProcessor(**crops).save_pretrained(tmp_path / "model")
    with pytest.raises(InputError, match="the image processor has do_center_crop, so that pixels would not lie"):
        main_of("extract_logits", *extracted, "--output_split", "cropped")
    (tmp_path / "model" / "model.safetensors").unlink()
    SegformerImageProcessor(do_resize=False).save_pretrained(tmp_path / "model")
    with pytest.raises(InputError, match=r"has no weights: it needs a file model\.safetensors"):
        main_of("extract_logits", *extracted, "--output_split", "nothing", "--ignore_index", "7")


def grey():
    """One image of the grey 51, 0.2 of full scale."""
    image, mask = PILImage.new("RGB", (6, 4), (51,) * 3), PILImage.new("L", (6, 4))
    rows = Dataset.from_dict({"image": [image], "annotation": [mask]})
    return DatasetDict(train=rows.cast_column("image", Image()).cast_column("annotation", Image()))


@pytest.mark.parametrize(
    ("processor", "level"),
    [
        (SegformerImageProcessor(image_mean=[0.5] * 3, image_std=[0.25] * 3), -1.2),
        (SegformerImageProcessor(image_mean=[0.5] * 3, image_std=[0.25] * 3, do_normalize=False), 0.2),
        (SegformerImageProcessor(do_rescale=False, do_normalize=False), 51.0),
        (MobileViTImageProcessor(), 0.2),  # which has no mean at all
    ],
)
def test_pixels_are_normalised_as_the_processor_of_the_checkpoint_does(load_script, tmp_path, processor, level):
    script = load_script("train_semantic_segmentation")
    processor.save_pretrained(tmp_path)
    arguments = script.PixelArguments(dataset_name="x", class_names=["a", "b"]), script.ModelArguments(str(tmp_path))
    item = script.make_splits(grey(), *arguments, 255)["train"][0]
    assert torch.allclose(item["pixel_values"], torch.tensor(level), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "image 4 does not decode"),
        (["--ignore_index", "7", "--skip_bad_samples", "true"], "has the label 3, but labels must be from 0 to 1"),
        (["--encoder_weights", "imagenet"], "encoder_weights are for deeplabv3plus"),
        (["--annotation_column", "annotations"], "no annotation column 'annotations': did you mean 'annotation'?"),
        (["--validation_from_test", "true"], "validation_size is 0, but must be from 1 to 5"),
        (["--mixup_alpha", "0.2", "--skip_bad_samples", "true"], "labels of the training set are of pixels or tokens"),
    ],
)
def test_mistakes_are_one_sentence(main_of, tmp_path, folder, arguments, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        main_of("train_semantic_segmentation", *options(folder), *arguments, "--output_dir", tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "results.json").exists()
