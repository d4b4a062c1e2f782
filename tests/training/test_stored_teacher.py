import numpy as np
import pytest
import torch
from tiny_trainers import ONE_STEP, all_items, arguments, small_resnet, small_vit
from transformers import DataCollatorWithPadding

from abstain import InputError, SelectiveTrainer, write_logits
from abstain.data.augmentation import Augmentation
from abstain.data.texts import word_tokenizer
from abstain.training.stored_teacher import TaughtSamples, labels_of, read_teacher


@pytest.fixture
def stored(tmp_path, digits):
    """The logits of a teacher of all training samples, and what it is itself."""
    model = small_resnet().eval()
    model.save_pretrained(tmp_path / "teacher")
    pixels, labels = all_items(digits)
    with torch.no_grad():
        logits = model(pixels).logits.numpy()
    return write_logits(tmp_path / "logits", "train", logits, labels.numpy()), tmp_path / "teacher"


def test_stored_logits_teach_as_their_model_does(tmp_path, digits, stored):
    ends = []
    for teacher in (*stored, tmp_path / "logits"):
        model = small_vit()
        args = arguments(tmp_path / "run", **{**ONE_STEP, "max_steps": 7}, teacher=str(teacher))
        trainer = SelectiveTrainer(model, args, train_dataset=digits.augmented(Augmentation()), eval_dataset=digits)
        trainer.train()
        assert trainer.evaluate()["eval_loss"] > 0
        ends.append(torch.cat([parameter.detach().flatten() for parameter in model.parameters()]))
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-4, atol=1e-5)
    assert torch.equal(ends[0], ends[2])


def test_texts_are_padded_with_their_logits_beside_them():
    items = [{"input_ids": [2], "labels": 0}, {"input_ids": [2, 3], "labels": 1}]
    taught = TaughtSamples(items, np.array([[0.5, 1.5], [2.5, -1.0]], dtype=np.float32))
    batch = DataCollatorWithPadding(word_tokenizer(["good", "bad"], max_length=4))(taught.__getitems__([1, 0]))
    assert batch["input_ids"].tolist() == [[2, 3], [2, 0]] and batch["labels"].tolist() == [1, 0]
    assert torch.equal(batch["teacher_logits"], torch.tensor([[2.5, -1.0], [0.5, 1.5]]))
    assert len(taught) == 2 and taught[0]["labels"] == 0


def rows(count):
    logits = np.random.default_rng(0).normal(size=(count, 10)).astype(np.float32)
    return logits, np.arange(count) % 10


def test_logits_of_other_samples_or_in_another_order_are_refused(tmp_path, digits):
    logits, _ = rows(96)
    labels = digits.labels.numpy()
    for name, found, of, said in (
        ("fewer", logits[:95], labels[:95], "holds the logits of 95 samples, but there are 96 training samples"),
        ("order", logits, np.roll(labels, 1), r"has the label \d in row 0, but the training sample has \d"),
        ("classes", logits[:, :9], np.minimum(labels, 8), "has 9 logits, but the student 10"),
    ):
        path = write_logits(tmp_path, name, found, of)
        with pytest.raises(InputError, match=said) as caught:
            read_teacher(str(path), digits, small_vit(), label_name="labels")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("confidence,correct\n0.5,1\n0.7,0\n", "confidence"), ("p_0,p_1,label\n0.5,0.5,1\n1,0,0\n", "probabilities")],
)
def test_what_has_no_logits_is_refused(tmp_path, digits, text, kind):
    (tmp_path / "train.csv").write_text(text)
    with pytest.raises(InputError, match=f"holds {kind}, but a student learns from logits"):
        read_teacher(str(tmp_path / "train.csv"), digits, small_vit(), label_name="labels")


def test_what_the_teacher_has_not_seen_is_refused(tmp_path, digits, stored):
    path, _ = stored
    for data, changes, said in (
        (digits.augmented(Augmentation(flip=True)), {}, "the training data are augmented, and it has not seen"),
        (digits, {"mixup_alpha": 0.2}, "make samples that it has not seen"),
    ):
        trainer = SelectiveTrainer(small_vit(), arguments(tmp_path, teacher=str(path), **changes), train_dataset=data)
        with pytest.raises(InputError, match=said):
            trainer.get_train_dataloader()


def test_labels_are_read_where_they_are_and_must_be_classes(digits):
    assert np.array_equal(labels_of(torch.utils.data.Subset(digits, [3, 5]), "labels"), digits.labels[[3, 5]])
    with pytest.raises(InputError, match="those of training are distributions: give its checkpoint"):
        labels_of([{"labels": torch.tensor([0.5, 0.5])}], "labels")
    assert labels_of([{"labels": torch.ones(2, 2).long()}], "labels").shape == (1, 2, 2)
