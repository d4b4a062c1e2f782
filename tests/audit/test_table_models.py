import numpy as np
import onnx
import pytest
import skops.io
from datasets import ClassLabel, Dataset
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC, NuSVC
from sklearn.tree import DecisionTreeClassifier

from abstain import InputError
from abstain.audit.table_models import read_onnx, read_skops, said_of_rows
from abstain.inference.onnx_model import PREPARED
from abstain.logits import read_predictions

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(90, 2))
CLASSES = np.array(["ant", "bee", "cow"])[(ROWS[:, 0] > 0).astype(int) + (ROWS[:, 1] > 0.5)]
WEIGHTS = np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]], np.float32)


def frame(names=("x", "y")):
    import pandas as pd

    return pd.DataFrame(ROWS, columns=list(names))


def data(**more):
    return Dataset.from_dict({"x": ROWS[:, 0], "y": ROWS[:, 1], "label": CLASSES.tolist(), **more})


def dumped(path, model):
    skops.io.dump(model, path)
    return path


def saved_onnx(path, *, shape=("n", 2), outputs=("logits",), kind=TensorProto.FLOAT):
    given = helper.make_tensor_value_info("rows", kind, list(shape))
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    nodes = [helper.make_node("MatMul", ["rows", "w"], [name]) for name in outputs]
    graph = helper.make_graph(nodes, "g", [given], made, [numpy_helper.from_array(WEIGHTS, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_a_classifier_of_sklearn_gives_its_probabilities_by_the_names_of_its_columns(tmp_path):
    fitted = LogisticRegression().fit(frame(), CLASSES)
    model = read_skops(dumped(tmp_path / "m.skops", fitted))
    shuffled = data(id=list(range(90))).select_columns(["id", "y", "label", "x"])
    said = said_of_rows(model, shuffled, None)
    np.testing.assert_allclose(said["values"], fitted.predict_proba(frame()))
    assert (model.kind, model.class_names) == ("probabilities", ("ant", "bee", "cow"))
    assert said["label"].tolist() == CLASSES.tolist()


def test_one_that_knows_no_columns_takes_all_but_the_labels_where_these_are_numbered(tmp_path):
    fitted = GaussianNB().fit(ROWS, np.searchsorted(["ant", "bee", "cow"], CLASSES))
    columns = {"x0": ROWS[:, 0], "target": fitted.predict(ROWS).tolist(), "x1": ROWS[:, 1]}
    model, rows = read_skops(dumped(tmp_path / "m.skops", fitted)), Dataset.from_dict(columns)
    said = said_of_rows(model, rows, "target")
    np.testing.assert_allclose(said["values"], fitted.predict_proba(ROWS))
    assert said["label"].tolist() == [str(one) for one in fitted.predict(ROWS)]
    for shuffled in (["x1", "x0", "target"], ["x0", "x1", "id", "target"]):
        with pytest.raises(InputError, match="do not tell their order: name them x0, x1, … in the model's order"):
            said_of_rows(model, rows.add_column("id", list(range(90))).select_columns(shuffled), "target")


def test_a_column_of_arrays_has_the_order_in_itself(tmp_path):
    fitted = GaussianNB().fit(ROWS, CLASSES)
    rows = Dataset.from_dict({"features": ROWS.tolist(), "label": CLASSES.tolist()})
    said = said_of_rows(read_skops(dumped(tmp_path / "m.skops", fitted)), rows, None)
    np.testing.assert_allclose(said["values"], fitted.predict_proba(ROWS))
    numbered = rows.remove_columns("label").add_column("label", [0, 1, 2] * 30)
    said = said_of_rows(read_onnx(saved_onnx(tmp_path / "m.onnx")), numbered, None)
    np.testing.assert_allclose(said["values"], ROWS.astype(np.float32) @ WEIGHTS, rtol=1e-5)


DIGITS, DIGIT = load_digits(return_X_y=True)
NUMBERED = [f"x{place}" for place in range(64)]


def digits_of(rows):
    return Dataset.from_dict(
        {**dict(zip(NUMBERED, DIGITS[rows].T.tolist(), strict=True)), "label": DIGIT[rows].tolist()}
    )


@pytest.mark.parametrize(
    "model", [SVC(kernel="linear"), NuSVC(nu=0.1), make_pipeline(StandardScaler(), SVC(kernel="linear"))]
)
def test_answers_that_are_not_of_the_largest_value_are_refused_with_their_share(tmp_path, model):
    fitted = model.fit(DIGITS[::2], DIGIT[::2])
    n_other = int((fitted.decision_function(DIGITS[1::2]).argmax(axis=1) != fitted.predict(DIGITS[1::2])).sum())
    assert n_other  # the votes of pairs decide, of which those values are made
    path = dumped(tmp_path / "m.skops", fitted)
    said = f"predict gives {100 * n_other / 898:.2g} % of 898 rows another class .* set break_ties=True of the SVC"
    with pytest.raises(InputError, match=said):
        said_of_rows(read_skops(path), digits_of(slice(1, None, 2)), None)
    last = fitted[-1] if hasattr(fitted, "steps") else fitted
    last.break_ties = True  # as the sentence says
    values = said_of_rows(read_skops(dumped(path, fitted)), digits_of(slice(1, None, 2)), None)["values"]
    assert (values.argmax(axis=1) == fitted.predict(DIGITS[1::2])).all()


def test_answers_that_are_not_of_the_largest_probability_are_refused(tmp_path):
    fitted = NearestCentroid().fit(frame(), CLASSES)
    said = r"of 90 rows .* than that of the largest of its probabilities, .*: audit a file of its answers$"
    with pytest.raises(InputError, match=said):
        said_of_rows(read_skops(dumped(tmp_path / "m.skops", fitted)), data(), None)


@pytest.mark.parametrize("n_classes", [2, 10])
@pytest.mark.parametrize(
    "model",
    [
        LinearSVC(),
        RidgeClassifier(),
        LogisticRegression(tol=1.0),
        DecisionTreeClassifier(),
        RandomForestClassifier(20, min_samples_leaf=3, n_jobs=2),
        KNeighborsClassifier(4),
    ],
)
def test_most_classifiers_answer_the_class_of_the_largest_value(tmp_path, model, n_classes):
    known = DIGIT < n_classes
    fitted = model.fit(DIGITS[known][::2], DIGIT[known][::2])
    path = dumped(tmp_path / "m.skops", fitted)
    model = read_skops(path, skops.io.get_untrusted_types(file=path))
    said = said_of_rows(model, digits_of(np.flatnonzero(known)[1::2]), None)
    answers = (said["values"] > 0).ravel() if said["values"].shape[1] == 1 else said["values"].argmax(axis=1)
    assert (answers == fitted.predict(DIGITS[known][1::2])).all()


@pytest.mark.parametrize("classes", [("ant", "bee", "cow"), ("ant", "bee")])
def test_without_probabilities_the_decision_values_are_logits(tmp_path, classes):
    rows = np.isin(CLASSES, classes)
    fitted = LinearSVC().fit(frame()[rows], CLASSES[rows])
    said = said_of_rows(
        model := read_skops(dumped(tmp_path / "m.skops", fitted)), data().select(np.flatnonzero(rows)), None
    )
    assert (model.kind, model.class_names) == ("logits", classes)
    read = read_predictions((said["values"], said["label"]), input=model.kind, class_names=model.class_names)
    assert read.values.shape == (rows.sum(), 3 if len(classes) == 3 else 1)
    assert read.kind == ("logits" if len(classes) == 3 else "one logit")
    values = np.asarray(read.values)
    predicted = values.argmax(1) if len(classes) == 3 else values[:, 0] > 0
    assert (predicted == np.asarray(read.labels)).mean() == fitted.score(frame()[rows], CLASSES[rows])


def test_decision_values_of_pairs_of_classes_are_refused(tmp_path):
    fitted = make_pipeline(SVC(decision_function_shape="ovo")).fit(frame(), CLASSES)
    with pytest.raises(InputError, match=r"decision values are of pairs of classes.*decision_function_shape='ovr'"):
        read_skops(dumped(tmp_path / "m.skops", fitted))


def test_types_that_are_not_trusted_are_not_read(tmp_path):
    path = dumped(tmp_path / "m.skops", DecisionTreeClassifier().fit(frame(), CLASSES))
    with pytest.raises(InputError, match=r"does not trust \(sklearn\.tree\._tree\.Tree\).*trusted_types="):
        read_skops(path)
    assert read_skops(path, ["sklearn.tree._tree.Tree"]).features == ("x", "y")


def test_files_that_are_no_classifier_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match="holds a Ridge, but must hold a classifier"):
        read_skops(dumped(tmp_path / "r.skops", Ridge().fit(ROWS, ROWS[:, 0])))
    (tmp_path / "x.skops").write_bytes(b"no zip")
    with pytest.raises(InputError, match="cannot be read as a file of skops"):
        read_skops(tmp_path / "x.skops")
    (tmp_path / "x.onnx").write_bytes(b"no graph")
    with pytest.raises(InputError, match="cannot be run"):
        read_onnx(tmp_path / "x.onnx")


def test_a_model_of_one_class_is_refused(tmp_path):
    model = GaussianNB().fit(frame(), np.full(90, "ant"))
    with pytest.raises(InputError, match="holds a GaussianNB of one class, but must tell two or more"):
        read_skops(dumped(tmp_path / "m.skops", model))


def test_an_onnx_file_gives_what_its_graph_computes(tmp_path):
    model = read_onnx(saved_onnx(tmp_path / "m.onnx"))
    numbered = Dataset.from_dict({"x_0": ROWS[:, 0], "x_1": ROWS[:, 1], "label": [0, 1, 2] * 30})
    said = said_of_rows(model, numbered, None)
    with pytest.raises(InputError, match=r"those of the data \(x_1, x_0\) do not tell their order"):
        said_of_rows(model, numbered.select_columns(["x_1", "x_0", "label"]), None)
    np.testing.assert_allclose(said["values"], ROWS.astype(np.float32) @ WEIGHTS, rtol=1e-5)
    assert model.kind == "logits" and said["label"].tolist() == [0, 1, 2] * 30
    assert read_onnx(saved_onnx(tmp_path / "n.onnx", outputs=("output",))).kind is None, "the values tell it"


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"shape": ("n", 3, 8, 2)}, "only a file that takes rows of numbers"),
        ({"outputs": ("a", "b")}, "gives a, b, but must give one tensor"),
    ],
)
def test_an_onnx_file_of_other_inputs_or_outputs_is_refused(tmp_path, told, message):
    with pytest.raises(InputError, match=message):
        read_onnx(saved_onnx(tmp_path / "m.onnx", **told))


def test_an_onnx_file_that_left_its_folder_is_refused(tmp_path):
    model = onnx.load(saved_onnx(tmp_path / "m.onnx"))
    helper.set_model_props(model, {PREPARED: "tables"})
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(InputError, match="prepared as the folder says that it was exported to, but it lies elsewhere"):
        read_onnx(tmp_path / "m.onnx")


def test_data_that_do_not_fit_are_refused(tmp_path):
    model = read_skops(dumped(tmp_path / "m.skops", LogisticRegression().fit(frame(("x", "w")), CLASSES)))
    with pytest.raises(InputError, match="takes the columns w, which the data lack: they have x, y"):
        said_of_rows(model, data(), None)
    model = read_skops(dumped(tmp_path / "m.skops", LogisticRegression().fit(frame(), CLASSES)))
    with pytest.raises(InputError, match="a label is 'elk', but the model has the classes ant, bee, cow"):
        said_of_rows(model, data().remove_columns("label").add_column("label", ["elk"] * 90), None)
    with pytest.raises(InputError, match="does not take these rows"):
        said_of_rows(model, data().remove_columns("x").add_column("x", ["?"] * 90), "label")


def labelled(labels, names=None):
    found = Dataset.from_dict({"x0": ROWS[:3, 0], "x1": ROWS[:3, 1], "label": labels})
    return found if names is None else found.cast_column("label", ClassLabel(names=names))


def test_labels_of_a_file_without_names_are_whole_numbers(tmp_path):
    model = read_onnx(saved_onnx(tmp_path / "m.onnx"))
    for labels, shown in (([0.5, 1.0, 2.0], "0.5"), (["ant", "bee", "cow"], "'ant'"), ([0, None, 1], "None")):
        with pytest.raises(InputError, match=f"a label is {shown}, but the file does not name its classes"):
            said_of_rows(model, labelled(labels), "label")


def test_labels_that_are_numbers_and_names_are_not_guessed(tmp_path):
    rows, numbers = ROWS[:60], np.arange(60) % 3
    model = read_skops(dumped(tmp_path / "m.skops", GaussianNB().fit(rows, numbers)))
    assert said_of_rows(model, labelled([0, 1, 2], ["0", "1", "2"]), None)["label"].tolist() == ["0", "1", "2"]
    assert said_of_rows(model, labelled([0, 1, 2], ["a", "b", "c"]), None)["label"].tolist() == ["0", "1", "2"]
    with pytest.raises(InputError, match="both by their numbers and by their names, which differ"):
        said_of_rows(model, labelled([0, 1, 2], ["1", "2", "0"]), None)
    named = read_skops(dumped(tmp_path / "n.skops", GaussianNB().fit(ROWS, CLASSES)))
    with pytest.raises(InputError, match="a label is '-1'"):
        said_of_rows(named, labelled([0, 1, -1], ["ant", "bee", "cow"]), None)
