import numpy as np
import pytest

from abstain import InputError, evaluate_logits, read_logits, released_checkpoint
from abstain.figures import repair_figure
from abstain.report.style import looks_of_recipes


def test_the_curves_before_and_after_have_the_same_axes(logits_and_labels):
    logits, labels = logits_and_labels
    test, validation = (logits[150:], labels[150:]), (logits[:150], labels[:150])
    reports = {
        "CE": evaluate_logits(*test, validation=validation),
        "LS 0.2": evaluate_logits(*test, validation=validation, fallback="never"),
    }
    looks = looks_of_recipes({"CE": ("CE", 0), "LS 0.2": ("LS", 0.2)})
    before, after = repair_figure(reports, looks).axes
    assert before.get_ylim() == after.get_ylim() and before.get_xlim() == after.get_xlim()
    lines = {line.get_label(): line for line in after.get_lines()}
    result = reports["LS 0.2"].repaired
    line = lines[f"LS 0.2, {result.label}"]
    assert np.allclose(line.get_ydata(), 100 * result.curve.risk) and line.get_marker() == looks["LS 0.2"].marker
    assert f"CE, {reports['CE'].repaired.label}" in lines, "also where it falls back"
    assert before.get_title() == "before" and after.get_title() == "after logit normalisation"


def test_without_a_repair_there_is_no_figure(logits_and_labels):
    with pytest.raises(InputError, match="no model has a repair"):
        repair_figure({"": evaluate_logits(*logits_and_labels)})


def test_the_insets_show_the_same_part():
    reports = {}
    for name in ("resnet20_cifar10_ce", "resnet20_cifar10_ls"):
        folder = released_checkpoint(name) / "logits"
        reports[name] = evaluate_logits(*read_logits(folder, "test"), validation=read_logits(folder, "validation"))
    for order in (reports, {"ls": reports["resnet20_cifar10_ls"]}):
        before, after = (axes.child_axes[0] for axes in repair_figure(order).axes)
        assert before.get_xlim() == after.get_xlim() and before.get_ylim() == after.get_ylim()
