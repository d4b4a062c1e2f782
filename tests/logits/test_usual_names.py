import numpy as np
import pandas as pd
import pytest
from datasets import Dataset

from abstain import InputError, evaluate_logits
from abstain.logits import open_predictions, read_predictions
from abstain.report.predictions import evaluate_predictions

P = np.array([[0.9, 0.05, 0.05], [0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.2, 0.2, 0.6]])
LABELS = [0, 1, 1, 2]
AURC = 13 / 48
"""Of the errors 0, 1, 0, 0 in the order of the confidence: the mean of 0, 1/2, 1/3 and 1/4."""
PETS = ["cat", "dog", "owl"]
BEYOND = np.vstack([[1.0000001, 0.0, -1e-9], P[1:]])
CONFIDENCE = {"label": LABELS, "confidence": P.max(axis=1)}


def wide(values, pattern, labels=LABELS, classes=range(3)):
    return pd.DataFrame({pattern.format(name): values[:, k] for k, name in enumerate(classes)}).assign(label=labels)


def default_names(numbers):
    return [f"LABEL_{number}" for number in numbers]


FRAMES = {
    "class_k_prob": wide(P, "class_{}_prob"),
    "p(y=k)": wide(P, "p(y={})"),
    "LABEL_k of logits": wide(np.log(P) + 2, "LABEL_{}"),
    "class_k from 1": wide(P, "class_{}", [1, 2, 2, 3], range(1, 4)),
    "labels LABEL_k": wide(np.log(P) + 2, "logit_{}", default_names(LABELS)),
    "labels and columns LABEL_k": wide(np.log(P) + 2, "LABEL_{}", default_names(LABELS)),
    "one rounding beyond": wide(BEYOND, "prob_{}"),
    "one rounding beyond in float32": wide(BEYOND.astype(np.float32), "prob_{}"),
    "a class without a label": wide(P[:, [0, 2, 1]], "P({})", ["cat", "owl", "owl", "owl"], PETS).assign(age=[1.5] * 4),
    "predicted classes as floats": pd.DataFrame({**CONFIDENCE, "pred": [0.0, 0.0, 1.0, 2.0]}),
    "predicted classes LABEL_k": pd.DataFrame({**CONFIDENCE, "pred": default_names([0, 0, 1, 2])}),
}
FRAMES["a class without a label"].iloc[3, :3] = [0.2, 0.2, 0.6]  # dog has no label


def written_csv(frame, folder):
    frame.to_csv(folder / "test.csv", index=False)
    return folder / "test.csv"


def written_parquet(frame, folder):
    frame.to_parquet(folder / "test.parquet", row_group_size=2)
    return folder / "test.parquet"


def written_lines(frame, folder):
    frame.to_json(folder / "test.jsonl", orient="records", lines=True, double_precision=15)
    return folder / "test.jsonl"


FORMS = {
    "csv": written_csv,
    "parquet": written_parquet,
    "json lines": written_lines,
    "table": lambda frame, _: frame,
    "data set": lambda frame, _: Dataset.from_pandas(frame, preserve_index=False),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", FRAMES)
def test_usual_names_and_roundings_give_the_right_number(tmp_path, case, form):
    source = FORMS[form](FRAMES[case], tmp_path)
    read = read_predictions(source)
    opened = open_predictions(source)
    for predictions in (read, opened) if opened is not None else (read,):
        metrics = evaluate_predictions(predictions).msp.metrics
        assert (metrics["risk"], metrics["aurc"]) == pytest.approx((0.25, AURC))


def test_columns_that_are_not_used_may_have_one_name(tmp_path):
    lines = ["note,note,logit_0,logit_1,label,,", "a,b,0,2,1,,", "c,d,0,1.5,0,,", "e,f,1,0,0,,", "g,h,0,0.5,1,,"]
    (tmp_path / "test.csv").write_text("\n".join(lines))
    read = read_predictions(tmp_path / "test.csv")
    assert read.used == "2 logits: logit_0, logit_1; labels: label; not used: note, an unnamed column"
    assert evaluate_predictions(read).msp.metrics["aurc"] == pytest.approx(AURC)
    for twice in ("label", "logit_1"):
        (tmp_path / "test.csv").write_text("\n".join(lines).replace("note,note", f"note,{twice}"))
        with pytest.raises(InputError, match=f"has several columns called '{twice}'"):
            read_predictions(tmp_path / "test.csv")


def test_decisions_of_a_binary_classifier_are_taken_once_they_are_told():
    decisions, labels = np.array([2.0, 1.5, -1.0, 0.5]), [1, 0, 0, 1]
    assert evaluate_logits(decisions, labels, input="logits").msp.metrics["aurc"] == pytest.approx(AURC)
    read = read_predictions((decisions, labels), input="logits")
    assert read.kind == "one logit" and evaluate_predictions(read).msp.metrics["aurc"] == pytest.approx(AURC)
    with pytest.raises(InputError, match='is told by input="logits"'):
        evaluate_logits(decisions, labels)


@pytest.mark.parametrize("confidence", [P.max(axis=1), P.max(axis=1)[::-1]])
def test_logits_beside_a_confidence_are_read_once_it_is_told_which_is_meant(confidence):
    frame = wide(np.log(P), "logit_{}").assign(prediction=[0, 0, 1, 2], confidence=confidence)
    with pytest.raises(InputError, match=r'\(logit_0 … logit_2\) and as a confidence .*input="logits".*"confidence"'):
        read_predictions(frame)
    assert read_predictions(frame, input="logits").used.endswith("not used: prediction, confidence")
    assert read_predictions(frame, input="confidence").confidence.tolist() == confidence.tolist()


def test_classes_that_are_told_are_all(tmp_path):
    frame = wide(np.log(P) + 2, "{}", [PETS[k] for k in LABELS], PETS).assign(age=[3.5, 2.5, 1.5, 4.5])
    with pytest.raises(InputError, match="'age', which may be one more class"):
        read_predictions(frame)
    read = read_predictions(frame, class_names=",".join(PETS))
    assert read.class_names == tuple(PETS) and evaluate_predictions(read).msp.metrics["aurc"] == pytest.approx(AURC)
    many = [*PETS, *"abcdefg"]
    wider = pd.DataFrame(
        {"logits": np.hstack([np.log(P) + 2, np.full((4, 7), -9.0)]).tolist(), "label": frame["label"]}
    )
    read = read_predictions(wider, class_names=many)
    assert read.class_names == tuple(many) and evaluate_predictions(read).msp.metrics["aurc"] == pytest.approx(AURC)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (wide(np.vstack([[1.00001, 0.0, -0.00001], P[1:]]), "prob_{}"), "row 0 .counted from 0. holds 1.00001"),
        (wide(np.eye(3)[LABELS], "LABEL_{}"), "none that holds logits or probabilities by its name"),
        (wide(P, "prob_fold_{}"), "none that holds logits or probabilities by its name"),
        (wide(P, "top_prob_{}"), "none that holds logits or probabilities by its name"),
        (wide(P, "logit_{}", default_names([0, 1, 1, 3])), "a label is 3, but must be from 0 to 2"),
        (pd.DataFrame({"p(y=0)": [0.1, 0.8], "label": [1, 0]}), "whose name says class 0"),
        (pd.DataFrame({**CONFIDENCE, "pred": [0.0, 0.5, 1.0, 2.0]}), "a label is 0.5, but must be a whole number"),
    ],
)
def test_what_is_something_else_is_refused(tmp_path, frame, message):
    for form in ("csv", "parquet", "table"):
        with pytest.raises(InputError, match=message):
            read_predictions(FORMS[form](frame, tmp_path))
