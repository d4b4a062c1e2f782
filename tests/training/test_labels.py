from types import SimpleNamespace

import pytest
import torch
from tiny_trainers import arguments, small_resnet
from transformers import default_data_collator

from abstain import InputError, SelectiveTrainer
from abstain.training.labels import CheckedLabels, ignored_label, label_name, named_classes


def batch_with(labels, n_logits=3, ignore_index=-100):
    checked = CheckedLabels(default_data_collator, "labels", n_logits, ignore_index)
    return checked([{"x": torch.zeros(2), "labels": torch.tensor(label)} for label in labels])


@pytest.mark.parametrize(
    ("labels", "n_logits", "wrong", "highest"),
    [([0, 3], 3, 3, 2), ([0, -1, 2], 3, -1, 2), ([1, 2], 1, 2, 1), ([[0, 7], [1, 255]], 3, 7, 2)],
)
def test_a_label_that_is_no_class_is_one_sentence_before_the_step(labels, n_logits, wrong, highest):
    with pytest.raises(InputError, match=f"a label is {wrong}, but must be from 0 to {highest}, or 255 where"):
        batch_with(labels, n_logits, ignore_index=255)


@pytest.mark.parametrize("labels", [[0, 2], [0, -100], [-100, -100], [[0, 1], [2, -100]], [[0.5, 0.25, 0.25]]])
def test_a_batch_whose_labels_are_classes_is_left_as_it_is(labels):
    assert set(batch_with(labels)) == {"x", "labels"}


@pytest.mark.parametrize("workers", [0, 2])
def test_training_stops_at_a_wrong_label_in_one_sentence(tmp_path, digits, workers):
    class Wrong(torch.utils.data.Dataset):
        def __len__(self):
            return 32

        def __getitem__(self, index):
            return {**digits[index], "labels": torch.tensor(10 if index == 20 else 0)}

    args = arguments(tmp_path, dataloader_num_workers=workers)
    with pytest.raises(InputError, match="a label is 10, but must be from 0 to 9") as caught:
        SelectiveTrainer(small_resnet(), args, train_dataset=Wrong()).train()
    assert "\n" not in str(caught.value)


def test_the_label_that_does_not_count_is_the_given_one_or_the_model_s_or_the_usual_one():
    model = SimpleNamespace(config=SimpleNamespace(semantic_loss_ignore_index=255))
    assert ignored_label(7, model) == 7 and ignored_label(None, model) == 255
    assert ignored_label(None, torch.nn.Linear(1, 1)) == -100
    assert ignored_label(None, SimpleNamespace(config=SimpleNamespace(loss_ignore_index=254))) == 254


def test_a_classifier_has_one_label():
    assert label_name([]) == label_name(["labels"]) == "labels" and label_name(["target"]) == "target"
    with pytest.raises(InputError, match=r"several labels \(start, end\), but a classifier has one"):
        label_name(["start", "end"])


def test_classes_have_the_names_that_somebody_gave_them():
    named = SimpleNamespace(config=SimpleNamespace(id2label={1: "dog", 0: "cat"}))
    assert named_classes(named) == ("cat", "dog")
    for names in ({0: "LABEL_0", 1: "LABEL_1"}, {0: "spam"}, {}, None):
        assert named_classes(SimpleNamespace(config=SimpleNamespace(id2label=names))) is None
    assert named_classes(None) is None


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            [0.5, 0.25],
            r"float32 in shape \(2,\), as those of a regression do, but must be classes, or distributions \(N",
        ),
        (
            [[0.5, 0.5]],
            r"in shape \(1, 2\), as those of a regression do, but must be classes, or distributions \(N, 3\)",
        ),
        ([[1.0, 1.0, 0.0]], "samples with several labels or none"),
        ([[2.0, 0.5, 0.5]], "a row that is no distribution"),
    ],
)
def test_targets_of_another_kind_are_named_while_they_are_on_the_cpu(labels, said):
    with pytest.raises(InputError, match=said):
        batch_with(labels)


def test_labels_of_a_narrow_type_are_no_ignored_label():
    checked = CheckedLabels(default_data_collator, "labels", 200, -100)
    labels = checked([{"labels": torch.tensor(156, dtype=torch.uint8)}])["labels"]
    assert labels.dtype == torch.int64 and labels.tolist() == [156]
