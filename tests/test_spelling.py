import pytest

from abstain._spelling import as_typed

OPTIONS = {"level": "--level", "input": "--input", "class_axis": "--class-axis", "ignore_index": "--ignore-index"}
OPTIONS |= {"center": "--center", "center=True": "--center", "center=False": "--no-center", "split": "--split"}
OPTIONS |= {"target_risks": "--target-risk", "labels": "--labels", "logit_columns": "--logit-columns"}


@pytest.mark.parametrize(
    ("sentence", "typed"),
    [
        ("level is 2, but must be a fraction", "--level is 2, but must be a fraction"),
        ("the level is 2", "the level is 2"),
        ('say which with input="logits" or input="log-probabilities"', None),
        ("give class_axis=-1 or class_axis=2.", "give --class-axis -1 or --class-axis 2."),
        ("an item of target_risks is '5'", "an item of --target-risk is '5'"),
        ("name the column (logit_columns): logit_0", "name the column (--logit-columns): logit_0"),
        ("center=False reads the shift: leave center at True", "--no-center reads the shift: leave center at True"),
        ("give them apart with labels=", "give them apart with --labels"),
        ("labels are given apart: a label is 3", "labels are given apart: a label is 3"),
        ("name one with split=, as split=test-2", "name one with --split, as --split test-2"),
        (
            "'ignore_index' and class_axis.csv are in runs/class_axis",
            "'ignore_index' and class_axis.csv are in runs/class_axis",
        ),
        ("my_class_axis is 2, and unknown_name=3", "my_class_axis is 2, and unknown_name=3"),
        ("call split() of --class-axis", "call split() of --class-axis"),
        ("ignore_index is -1.5, class_axis too", "--ignore-index is -1.5, --class-axis too"),
    ],
)
def test_arguments_become_options_and_nothing_else_does(sentence, typed):
    typed = typed or "say which with --input logits or --input log-probabilities"
    assert as_typed(sentence, OPTIONS) == typed
    assert as_typed(typed, OPTIONS) == typed, "twice is once"
    assert as_typed(sentence, {}) == sentence, "of other options it says nothing"
