import csv
import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, Image
from ready_classifiers import (
    image_classifier,
    images,
    pixel_classifier,
    rows,
    table_classifier,
    text_classifier,
    texts,
)
from transformers.utils import logging

from abstain import SelectiveClassifier, write_logits


def with_validation(classifier, folder):
    classifier.save_pretrained(folder)
    write_logits(
        folder / "logits", "validation", 5 * np.eye(3, dtype=np.float32)[np.arange(300) % 3], np.arange(300) % 3
    )
    return str(folder)


@pytest.fixture(scope="module")
def image_model(tmp_path_factory):
    return with_validation(image_classifier(), tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def text_model(tmp_path_factory):
    return with_validation(text_classifier(), tmp_path_factory.mktemp("texts"))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for index, image in enumerate(images()):
        image.save(folder / f"{index}.png")
    return folder


def loaded(model):
    return SelectiveClassifier.from_pretrained(model, device="cpu")


@pytest.mark.parametrize("size", ["1", "3", "32"])
def test_json_lines_are_what_the_classifier_says(run, capfd, image_model, photos, size):
    assert run("predict", image_model, str(photos), "--json", "--device", "cpu", "--batch-size", size) == 0
    out, err = capfd.readouterr()
    found = [json.loads(line) for line in out.splitlines()]
    paths = sorted(photos.iterdir())
    assert [one["sample"] for one in found] == [str(path) for path in paths]
    for one, answer in zip(found, loaded(image_model)(paths), strict=True):
        assert (one["label"], one["accepted"]) == (answer.label, answer.accepted)
        assert one["confidence"] == pytest.approx(answer.confidence, abs=1e-6)
    n = sum(one["accepted"] for one in found)
    assert err.splitlines()[-1] == f"answered {n} of 7 samples ({n / 7:.1%}), abstained on the others" and 0 < n < 7


def test_the_table_and_csv_say_the_same(run, capfd, image_model, photos):
    files = [str(path) for path in sorted(photos.iterdir())[:3]]
    assert run("predict", image_model, *files, "--csv") == 0
    of_csv = list(csv.DictReader(capfd.readouterr().out.splitlines()))
    assert run("predict", image_model, *files) == 0
    header, *lines = capfd.readouterr().out.splitlines()
    assert header.split()[:2] == ["answer", "confidence"]
    for line, one in zip(lines, of_csv, strict=True):
        answer = one["label"] if one["accepted"] == "True" else "abstains"
        assert line.split()[0] == answer and line.endswith(one["sample"])


def test_texts_come_from_the_command_line_and_from_files(run, capfd, tmp_path, text_model):
    (tmp_path / "lines.txt").write_text("\n".join(texts()))
    pd.DataFrame({"review": texts(), "label": 0}).to_csv(tmp_path / "reviews.csv", index=False)
    assert (
        run("predict", text_model, str(tmp_path / "lines.txt"), "--text", "good film", "--text", "bad", "--json") == 0
    )
    found = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [one["sample"] for one in found[:3]] == ["good film", "bad", f"{tmp_path}/lines.txt:1"]
    confidences = [answer.confidence for answer in loaded(text_model)(["good film", "bad", *texts()])]
    assert [one["confidence"] for one in found] == pytest.approx(confidences, abs=1e-6)
    assert run("predict", text_model, str(tmp_path / "reviews.csv"), "--column", "review", "--json") == 0
    again = [json.loads(line)["confidence"] for line in capfd.readouterr().out.splitlines()]
    assert again == pytest.approx(confidences[2:], abs=1e-6)


def answered(capfd):
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_standard_input_and_parquet_say_what_files_say(
    run, capfd, monkeypatch, tmp_path, text_model, image_model, photos
):
    def typed(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    typed("\n".join(texts()))
    assert run("predict", text_model, "-", "--json") == 0
    found = answered(capfd)
    assert [one["sample"] for one in found] == [f"-:{number}" for number in range(1, 8)]
    expected = [answer.confidence for answer in loaded(text_model)(texts())]
    assert [one["confidence"] for one in found] == pytest.approx(expected, abs=1e-6)
    typed("id,review\n" + "".join(f"1,{text}\n" for text in texts()))
    assert run("predict", text_model, "-", "--column", "review", "--json") == 0
    assert [one["confidence"] for one in answered(capfd)] == pytest.approx(expected, abs=1e-6)
    paths = sorted(map(str, photos.iterdir()))
    expected = [answer.confidence for answer in loaded(image_model)(paths)]
    typed("\n".join(paths))
    assert run("predict", image_model, "-", "--json") == 0
    found = answered(capfd)
    assert [one["sample"] for one in found] == paths
    assert [one["confidence"] for one in found] == pytest.approx(expected, abs=1e-6)
    data = Dataset.from_dict({"photo": paths, "label": [0] * 7}).cast_column("photo", Image())
    data.to_parquet(tmp_path / "photos.parquet")
    assert run("predict", image_model, str(tmp_path / "photos.parquet"), "--json") == 0
    assert [one["confidence"] for one in answered(capfd)] == pytest.approx(expected, abs=1e-6)
    typed("nowhere.png\n")
    assert run("predict", image_model, "-", "--json") == 1
    assert "sample 0 is the path 'nowhere.png'" in capfd.readouterr().err


def test_bars_are_for_people(capfd, run, image_model, photos):
    """A bar of loading is a line that a log keeps; it is shown again afterwards."""
    assert run("predict", image_model, str(photos)) == 0
    assert "Loading weights" not in capfd.readouterr().err and logging.is_progress_bar_enabled()
    loaded(image_model)
    assert "Loading weights" in capfd.readouterr().err


def test_rows_of_a_table(run, capfd, tmp_path):
    model = table_classifier().save_pretrained(tmp_path / "model")
    pd.DataFrame(rows()).to_csv(tmp_path / "rows.csv", index=False)
    assert run("predict", str(model), str(tmp_path / "rows.csv"), "--json") == 0
    found = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [one["label"] for one in found] == [answer.label for answer in loaded(model)(rows())]
    pd.DataFrame({"age": [1, 2]}).to_csv(tmp_path / "less.csv", index=False)
    assert run("predict", str(model), str(tmp_path / "less.csv")) in (1, 2)
    assert "'job'" in capfd.readouterr().err.splitlines()[-1]


def test_pixels_are_counted(run, capfd, tmp_path, photos):
    model = pixel_classifier().save_pretrained(tmp_path)
    assert run("predict", str(model), str(photos), "--json") == 0
    out, err = capfd.readouterr()
    share = np.mean([json.loads(line)["coverage"] for line in out.splitlines()])
    assert err.splitlines()[-1] == f"accepted {share:.1%} of the pixels of 7 images"


def test_a_new_target_is_chosen_from_the_stored_logits(run, capfd, image_model, photos):
    assert run("predict", image_model, str(photos), "--target-risk", "0.1", "--delta", "0.1", "--json") == 0
    classifier = SelectiveClassifier.from_pretrained(image_model, target_risk=0.1, delta=0.1, device="cpu")
    wanted = [answer.accepted for answer in classifier(sorted(photos.iterdir()))]
    assert [json.loads(line)["accepted"] for line in capfd.readouterr().out.splitlines()] == wanted


def test_a_file_is_written_whole_and_not_overwritten_unasked(run, capfd, tmp_path, image_model, photos):
    output = tmp_path / "answers.csv"
    assert run("predict", image_model, str(photos), "--output", str(output)) == 0
    written = output.read_text()
    assert len(list(csv.DictReader(written.splitlines()))) == 7 and capfd.readouterr().out == ""
    assert run("predict", image_model, str(photos / "0.png"), "--output", str(output)) == 2
    assert "--output is" in capfd.readouterr().err and output.read_text() == written
    assert run("predict", image_model, str(photos / "0.png"), "--output", str(output), "--overwrite-output") == 0
    assert len(output.read_text().splitlines()) == 2
    (tmp_path / "bad.png").write_text("no image")
    files = [str(photos / "0.png"), str(tmp_path / "bad.png")]
    assert run("predict", image_model, *files, "--output", str(tmp_path / "new.csv")) == 1
    assert not (tmp_path / "new.csv").exists() and "cannot be read as an image" in capfd.readouterr().err


def test_a_model_without_a_rule_answers_always_and_says_so(run, capfd, tmp_path, photos):
    classifier = image_classifier()
    SelectiveClassifier(classifier.model, classifier.processor).save_pretrained(tmp_path)
    capfd.readouterr()
    assert run("predict", str(tmp_path), str(photos)) == 0
    note, *_, last = capfd.readouterr().err.splitlines()
    assert note.startswith("note: ") and "never abstains" in note and "--target-risk" in note
    assert last.startswith("answered 7 of 7 samples (100.0%)")


def test_an_exported_model_answers_alike(run, capfd, tmp_path, image_model, photos):
    pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")
    pytest.importorskip("onnxscript", reason="needs the extra `onnx`")
    exported = loaded(image_model).export_onnx(tmp_path)
    found = []
    for model in (image_model, str(exported)):
        assert run("predict", model, str(photos), "--json") == 0
        found.append([json.loads(line) for line in capfd.readouterr().out.splitlines()])
    assert [one["accepted"] for one in found[0]] == [one["accepted"] for one in found[1]]
    assert [one["confidence"] for one in found[0]] == pytest.approx([one["confidence"] for one in found[1]], abs=1e-4)
    assert run("predict", str(exported), str(photos), "--device", "cpu") == 2
    assert "is a model of ONNX: leave it out" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["MODEL"], 2, "there are no samples: give files, or a text by --text"),
        (["MODEL", "-", "-"], 2, "'-' is given twice, but standard input is read once"),
        (["MODEL", "nowhere.png"], 2, "there is no file 'nowhere.png'"),
        (["nowhere", "PHOTO"], 2, "neither a folder here nor to be had from the Hub"),
        (["MODEL", "PHOTO", "--json", "--csv"], 2, "--json and --csv are both given"),
        (["MODEL", "--text", "good"], 2, "--text is given, but the model classifies images"),
        (["MODEL", "PHOTO", "--column", "text"], 2, "--column is 'text', but the model classifies images without one"),
        (["MODEL", "PHOTO", "--delta", "0.1"], 2, "delta is given without --target-risk"),
        (["MODEL", "PHOTO", "--device", "toaster"], 2, "--device is 'toaster'"),
        (["MODEL", "PHOTO", "--batch-size", "0"], 2, "--batch-size is 0"),
        (["MODEL", "PHOTO", "--revision", "main"], 2, "is a folder: leave it out"),
        (["MODEL", "PHOTO", "--target-risk", "5"], 2, "--target-risk is 5"),
        (["MODEL", "PHOTO", "--target-risk", "1e-9", "--delta", "0.1"], 1, "no threshold"),
    ],
)
def test_mistakes_are_one_line(run, capfd, image_model, photos, arguments, status, message):
    given = {"MODEL": image_model, "PHOTO": str(photos / "0.png")}
    assert run("predict", *[given.get(argument, argument) for argument in arguments]) == status
    out, err = capfd.readouterr()
    assert message in err and len(err.splitlines()) == 1 and out == ""


def test_no_more_than_a_batch_is_in_memory(tmp_path, text_model):
    """Peak memory of 6 and of 66 megabytes of rows."""
    peaks = []
    for n in (60, 660):
        path = tmp_path / f"{n}.jsonl"
        with path.open("w") as file:
            file.writelines(json.dumps({"text": "good film", "more": "x" * 100_000}) + "\n" for _ in range(n))
        code = (
            "import resource, sys; from abstain.cli import app\n"
            f"app(['predict', {text_model!r}, {str(path)!r}, '--csv', '--device', 'cpu'], standalone_mode=False)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert ran.returncode == 0 and len(ran.stdout.splitlines()) == n + 1, ran.stderr
        peaks.append(int(ran.stderr.split()[-1]) / 1024)
    assert peaks[1] - peaks[0] < 30, peaks


def test_help_teaches_and_does_not_wait_for_torch():
    program = "import sys; from abstain.cli import app; app(standalone_mode=False); sys.exit('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program, "predict", "--help"], capture_output=True, text=True)
    assert shown.returncode == 0
    for word in ("--target-risk", "abstention.json", "probability 95 %", "answers.csv", "predict my-model - --json"):
        assert word in shown.stdout
