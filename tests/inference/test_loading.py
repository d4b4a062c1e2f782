import pytest
import torch
from answering import parts_of

from abstain import InputError, SelectiveClassifier, write_logits
from abstain.inference.loading import Source, load_parts, save_parts, stored_validation


def test_all_that_stands_in_a_folder_is_loaded(tmp_path):
    model, processor, samples, labels = parts_of("vit", tmp_path / "parts")
    made = SelectiveClassifier.from_model(model, processor, (samples, labels), target_risk=0.9)
    folder = made.save_pretrained(tmp_path / "saved")
    with pytest.warns(UserWarning, match=r"weights say in torch\.float32, but they are loaded in torch\.bfloat16"):
        source, loaded, beside, rule = load_parts(folder, revision=None, device="cpu", dtype="bfloat16")
    assert source == Source(str(folder), folder) and source.commit is None
    assert loaded.dtype == torch.bfloat16 and loaded.device.type == "cpu" and not loaded.training
    assert beside.to_dict() == processor.to_dict() and rule == made.rule
    logits, found = stored_validation(source)
    assert (logits == made.logits(samples)).all() and found.tolist() == labels.tolist()


def test_validation_logits_in_shards_are_read_too(tmp_path):
    model, processor, _, _ = parts_of("vit", tmp_path / "parts")
    save_parts(model, processor, tmp_path)
    with pytest.raises(InputError, match=r"keeps no logits/validation\.parquet, from which a threshold"):
        stored_validation(Source(str(tmp_path), tmp_path))
    for part in (0, 1):
        rows = torch.tensor([[1.0, 0.0, float(part)]])
        write_logits(tmp_path / "logits" / "validation", f"part-0000{part}-of-00002", rows, [part])
    logits, labels = stored_validation(Source(str(tmp_path), tmp_path))
    assert logits.tolist() == [[1, 0, 0], [1, 0, 1]] and labels.tolist() == [0, 1]


def test_what_is_done_to_images_of_timm_stands_in_its_configuration(tmp_path):
    classifier = SelectiveClassifier(*parts_of("timm", tmp_path / "parts")[:2])
    save_parts(classifier.model, classifier.processor, tmp_path / "saved")
    with pytest.warns(UserWarning, match="never abstains"):
        _, _, beside, rule = load_parts(tmp_path / "saved", revision=None, device=None, dtype=None)
    assert rule is None
    for key in ("input_size", "mean", "std", "interpolation", "crop_pct"):
        assert tuple([beside.data_config[key]]) == tuple([classifier.processor.data_config[key]])


def test_a_missing_processor_is_named(tmp_path):
    model, _, _, _ = parts_of("vit", tmp_path / "parts")
    model.save_pretrained(tmp_path / "saved")
    with pytest.warns(UserWarning), pytest.raises(InputError, match="has no image processor: save one beside it"):
        load_parts(tmp_path / "saved", revision=None, device=None, dtype=None)


def test_a_model_is_where_it_was_wherever_the_program_goes(tmp_path, monkeypatch):
    model, processor, samples, labels = parts_of("vit", tmp_path / "parts")
    SelectiveClassifier.from_model(model, processor, (samples, labels), target_risk=0.9).save_pretrained(
        tmp_path / "saved"
    )
    monkeypatch.chdir(tmp_path)
    source, *_ = load_parts("saved", revision=None, device="cpu", dtype=None)
    monkeypatch.chdir("/")
    assert len(stored_validation(source)[1]) == 40


@pytest.mark.parametrize("device", ["toaster", "meta", "cuda:99", object()])
def test_a_device_that_is_not_here_is_one_sentence_before_anything_is_loaded(tmp_path, device):
    with pytest.raises(InputError, match=r"device is .* but must be one of torch that is here") as refused:
        load_parts(tmp_path, revision=None, device=device, dtype=None)
    assert "\n" not in str(refused.value)
