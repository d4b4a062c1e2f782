import numpy as np
import pytest
import skops.io
from sklearn.naive_bayes import GaussianNB

from abstain import InputError, SelectiveClassifier, released_checkpoint
from abstain.audit import Data, Kept, Run, run_model
from abstain.data import load_data
from abstain.logits import read_predictions

MODEL = str(released_checkpoint("mlp_noisy_digits_a0.4_s0"))


@pytest.fixture(scope="module")
def parts():
    return Data(name="noisy_digits_rows", max_samples=40).read()


def test_parts_are_the_test_and_validation_splits(parts):
    assert {part: len(samples) for part, samples in parts.items()} == {"test": 40, "validation": 40}
    other = Data(name="noisy_digits_rows", split="validation", validation_split="train", max_samples=7).read()
    whole = load_data("noisy_digits_rows")
    for part, split in (("test", "validation"), ("validation", "train")):
        rows = [tuple(row.values()) for row in whole[split]]
        drawn = [rows.index(tuple(row.values())) for row in other[part]]
        assert len({*drawn}) == 7 and drawn != [*range(7)], "not the first ones, which may be of one class"
    assert set(Data(name="noisy_digits_rows", split="validation").read()) == {"test"}
    with pytest.raises(InputError, match="validation samples are the test samples"):
        Data(name="noisy_digits_rows", split="train", validation_split="train").read()
    with pytest.raises(InputError, match="validation samples are the test samples"):
        Data(name="noisy_digits_rows", validation_split="test").read()
    with pytest.raises(InputError, match="no split 'tset'"):
        Data(name="noisy_digits_rows", split="tset").read()


def test_a_folder_gives_the_logits_of_its_classifier(parts):
    said = run_model(MODEL, parts, None, Run(device="cpu"))
    classifier = SelectiveClassifier.from_pretrained(MODEL, device="cpu")
    np.testing.assert_array_equal(said["test"].values, classifier.logits(list(parts["test"])))
    assert said["test"].kind == "logits" and said["test"].class_names == tuple("0123456789")
    assert said["validation"].labels.tolist() == parts["validation"]["label"][:]


def assert_kept(folder, said):
    """What lies in the folder is read as what was said, so that commands can name it."""
    again = read_predictions(str(folder), split="test")
    assert again.kind == said.kind and again.labels.tolist() == said.labels.tolist()
    np.testing.assert_array_equal(again.values, said.values)


def test_a_file_of_skops_gives_probabilities(parts, tmp_path):
    parts = {"test": parts["test"].filter(lambda row: row["label"] != 5)}
    data = parts["test"].to_pandas()
    skops.io.dump(GaussianNB().fit(data.drop(columns="label"), data["label"]), tmp_path / "m.skops")
    kept = Kept(tmp_path / "kept")
    said = run_model(str(tmp_path / "m.skops"), parts, "label", Run(kept=kept))
    assert_kept(kept.of_model(str(tmp_path / "m.skops")), said["test"])
    assert said["test"].kind == "probabilities" and len(said["test"]) == len(data)
    names = said["test"].class_names
    assert [names[place] for place in said["test"].labels] == [str(one) for one in data["label"]], "of some classes"


def test_a_model_that_is_nowhere_is_refused(parts):
    with pytest.raises(InputError, match="neither a folder here nor to be had from the Hub"):
        run_model("no/such-model", parts, None, Run())


@pytest.mark.filterwarnings("ignore:no validation logits")
def test_an_onnx_file_in_an_exported_folder_is_run_as_the_folder(parts, tmp_path):
    pytest.importorskip("onnxscript", reason="needs the extra `onnx`")
    classifier = SelectiveClassifier.from_pretrained(MODEL, device="cpu")
    folder = classifier.export_onnx(tmp_path / "exported")
    kept = Kept(tmp_path / "kept")
    said = run_model(str(folder / "model.onnx"), parts, None, Run(kept=kept))
    assert_kept(kept.of_model(str(folder / "model.onnx")), said["test"])
    run_model(str(folder), parts, None, Run(kept=kept))
    assert_kept(kept.of_model(str(folder)), said["test"])
    np.testing.assert_allclose(said["test"].values, classifier.logits(list(parts["test"])), atol=1e-4)
    (folder / "model.onnx").rename(tmp_path / "model.onnx")
    with pytest.raises(InputError, match="prepared as the folder says that it was exported to, but it lies elsewhere"):
        run_model(str(tmp_path / "model.onnx"), parts, None, Run())


@pytest.mark.parametrize(("file", "beside"), [("other.onnx", "onnx.json"), ("model.onnx", "table_encoder.json")])
def test_an_onnx_file_beside_what_prepares_rows_has_two_readings(parts, tmp_path, file, beside):
    for name in (file, beside):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=f"lies beside {beside}, so that rows may have to be prepared as it says, or"):
        run_model(str(tmp_path / file), parts, None, Run())


@pytest.mark.parametrize(
    ("name", "is_there", "message"),
    [
        ("k.csv", True, "is a file of predictions or a table, but data= asks to run models: leave out data="),
        ("k.NPZ", True, "is a file of predictions or a table"),
        ("m.skops", False, "there is no file .*m.skops'"),
        ("m.onnx", False, "there is no file .*m.onnx'"),
        ("weights", True, "is a file, but a model is a folder"),
    ],
)
def test_what_is_no_model_never_goes_to_the_hub(parts, tmp_path, name, is_there, message):
    if is_there:
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=message):
        run_model(str(tmp_path / name), parts, None, Run())


def test_where_test_samples_come_from_is_kept_from_the_model(parts):
    marked = {part: samples.add_column("site", [3, 4] * 20) for part, samples in parts.items()}
    said = run_model(MODEL, marked, None, Run(device="cpu"), "site")
    assert said["test"].source.tolist() == [3, 4] * 20 and said["validation"].source is None
    np.testing.assert_array_equal(said["test"].values, run_model(MODEL, parts, None, Run(device="cpu"))["test"].values)
    with pytest.raises(InputError, match="no column 'sit'"):
        run_model(MODEL, marked, None, Run(device="cpu"), "sit")


@pytest.mark.parametrize(
    ("model", "run", "option"),
    [
        ("m.skops", Run(device="cpu"), "device"),
        ("m.skops", Run(batch_size=8), "batch_size"),
        ("m.onnx", Run(revision="main"), "revision"),
        ("m.onnx", Run(trusted_types=["x"]), "trusted_types"),
        (MODEL, Run(trusted_types=["x"]), "trusted_types"),
    ],
)
def test_options_that_say_nothing_of_a_kind_of_model_are_refused(parts, tmp_path, model, run, option):
    (tmp_path / model).parent.mkdir(parents=True, exist_ok=True)
    if model != MODEL:
        (tmp_path / model).touch()
    with pytest.raises(InputError, match=f"{option}= is given, which says nothing of"):
        run_model(str(tmp_path / model), parts, None, run)
