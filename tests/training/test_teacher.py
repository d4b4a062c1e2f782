import pytest
import torch
from tiny_trainers import ONE_STEP, all_items, arguments, small_resnet, small_vit
from torch.nn import functional
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from abstain import InputError, SelectiveTrainer
from abstain.data.augmentation import Augmentation
from abstain.training.teacher import Teacher, check_same_classes, facts_of_teacher, is_stored, names_of


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


@pytest.fixture
def teacher(tmp_path):
    """The folder of another model of the same classes, with batch statistics that would change in training mode."""
    model = small_resnet()
    model.save_pretrained(tmp_path / "teacher")
    return tmp_path / "teacher"


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("labels", [{}, {"class_weights": [1, 2] * 5}])
def test_a_step_is_that_of_both_losses_whatever_the_accumulation(tmp_path, digits, teacher, steps, labels):
    data, model = torch.utils.data.Subset(digits, range(16)), small_vit()
    size = {"per_device_train_batch_size": 16 // steps, "gradient_accumulation_steps": steps}
    how = {"teacher": str(teacher), "distillation_temperature": 3.0, "distillation_weight": 0.75}
    args = arguments(tmp_path, **ONE_STEP, **size, **how, **labels, label_smoothing_factor=0.2)
    trainer = SelectiveTrainer(model, args, train_dataset=data)
    trainer.train()

    (pixels, classes), by_hand = all_items(data), small_vit().eval()
    weight = torch.tensor([1.0, 2.0] * 5) if labels else torch.ones(10)
    with torch.no_grad():
        targets = (small_resnet().eval()(pixels).logits / 3).softmax(dim=1)
    logits = by_hand(pixels).logits
    hard = functional.cross_entropy(logits, classes, weight, label_smoothing=0.2)
    soft = functional.kl_div((logits / 3).log_softmax(dim=1), targets, reduction="none").sum(dim=1)
    (0.25 * hard + 0.75 * 9 * (soft * weight[classes]).sum() / weight[classes].sum()).backward()
    expected = weights(by_hand) - 0.1 * torch.cat([parameter.grad.flatten() for parameter in by_hand.parameters()])
    torch.testing.assert_close(weights(model), expected, rtol=1e-4, atol=1e-6)
    asked = trainer._teacher.model
    assert torch.equal(weights(asked), weights(small_resnet())) and not asked.training
    assert not any(parameter.requires_grad for parameter in asked.parameters())


def test_a_teacher_sees_the_augmented_and_mixed_inputs_of_its_student(tmp_path, digits, teacher):
    seen = []

    class Watched(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, pixel_values, labels=None):
            seen.append(pixel_values)
            return self.model(pixel_values)

    data, model = digits.augmented(Augmentation(crop_padding=1)), small_vit()
    args = arguments(tmp_path, **ONE_STEP, teacher=str(teacher), mixup_alpha=0.4, sam_rho=0.1)
    trainer = SelectiveTrainer(model, args, train_dataset=data)
    trainer._teacher = Teacher(Watched(trainer._teacher.model), "watched")
    model.register_forward_pre_hook(lambda _, args, kwargs: seen.append(kwargs["pixel_values"]), with_kwargs=True)
    trainer.train()
    assert len(seen) == 4, "twice each, with SAM"
    assert torch.equal(seen[0], seen[1]) and torch.equal(seen[2], seen[3])


def test_a_taught_run_that_goes_on_ends_as_if_it_had_not_stopped_and_saves_the_student_alone(tmp_path, digits, teacher):
    ends, settings = [], {"num_train_epochs": 3, "save_strategy": "steps", "save_steps": 4, "teacher": str(teacher)}
    for checkpoint in (None, tmp_path / "checkpoint-8"):  # of six steps an epoch
        model = small_vit()
        trainer = SelectiveTrainer(model, arguments(tmp_path, **settings), train_dataset=digits)
        trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint))
        ends.append(weights(model))
    assert torch.equal(*ends)
    trainer.save_model()
    loaded = type(model).from_pretrained(tmp_path)
    assert loaded.state_dict().keys() == small_vit().state_dict().keys()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"distillation_temperature": 3.0}, "how to learn from a teacher, but there is none"),
        ({"teacher": " "}, "teacher is empty: name a checkpoint"),
        ({"teacher": "x", "logit_norm_temperature": 0.04}, "whether the normalised logits or the logits themselves"),
        ({"distillation_weight": 1.5, "teacher": "x"}, r"distillation_weight is 1\.5, but must be a fraction"),
        ({"distillation_weight": float("nan"), "teacher": "x"}, "distillation_weight is nan"),
        ({"distillation_weight": "a", "teacher": "x"}, "distillation_weight is 'a', but must be a number"),
        ({"distillation_temperature": 0.0, "teacher": "x"}, r"must be in \[0\.01, 1000\]"),
        ({"distillation_temperature": float("inf"), "teacher": "x"}, r"must be in \[0\.01, 1000\]"),
        ({"distillation_temperature": float("nan"), "teacher": "x"}, r"must be in \[0\.01, 1000\]"),
    ],
)
def test_how_to_learn_has_bounds(tmp_path, changes, said):
    with pytest.raises(InputError, match=said):
        arguments(tmp_path, **changes)


def student_of(tmp_path, teacher, data):
    model = small_vit()
    model.config.id2label = {index: f"digit {index}" for index in range(10)}
    return SelectiveTrainer(model, arguments(tmp_path, teacher=str(teacher)), train_dataset=data)


def test_a_teacher_of_other_classes_or_of_none_is_refused(tmp_path, digits, teacher):
    assert student_of(tmp_path, teacher, digits)  # it has only numbers
    other = small_resnet()
    named = {index: f"digit {index}" for index in range(10)}
    for names, said in (
        ({**named, 3: "cat"}, "calls class 3 'cat', but the student 'digit 3'"),
        ({index: named[index] for index in range(9)}, "has 9 logits, but the student 10"),
    ):
        other.config.id2label = names
        if len(names) < 10:
            other.classifier = torch.nn.Linear(other.classifier.in_features, 9)
        other.save_pretrained(tmp_path / "other")
        with pytest.raises(InputError, match=said):
            student_of(tmp_path, tmp_path / "other", digits)
    with pytest.raises(InputError, match=r"cannot be asked: .* is neither a folder here nor"):
        student_of(tmp_path, tmp_path / "nowhere", digits)
    SegformerForSemanticSegmentation(
        SegformerConfig(num_labels=10, hidden_sizes=[8] * 4, depths=[1] * 4, num_attention_heads=[1] * 4)
    ).save_pretrained(tmp_path / "dense")
    with pytest.raises(InputError, match="it is a segmentation model, and none of these is taught"):
        student_of(tmp_path, tmp_path / "dense", digits)


def test_a_teacher_that_does_not_take_the_inputs_is_refused(teacher):
    with pytest.raises(InputError, match="does not take the inputs of the student"):
        Teacher.loaded(str(teacher), small_vit()).logits({"features": torch.ones(2, 3)})


def test_names_are_compared_where_there_are_any():
    assert names_of(small_vit()) is None and names_of(torch.nn.Linear(2, 2)) is None
    model = small_vit()
    model.config.num_labels = 1
    model.config.id2label = {0: "yes"}
    assert names_of(model) == ("yes",)
    with pytest.raises(InputError, match="calls class 0 'no', but the student 'yes'"):
        check_same_classes("it", 1, ("no",), model)
    check_same_classes("it", 5, ("no",), None)


def test_results_say_which_teacher_it_was_without_where_it_lay(tmp_path, teacher):
    facts = facts_of_teacher(str(teacher))
    assert facts["teacher"] == "teacher" and len(facts["teacher_sha256"]) == 64
    assert facts_of_teacher(None) == {} and facts_of_teacher("user/name") == {"teacher": "user/name"}
    (tmp_path / "train.csv").write_text("logit_0,logit_1,label\n0,1,1\n")
    assert is_stored(str(tmp_path / "train.csv")) and not is_stored(str(teacher)) and not is_stored("user/name")
    found = facts_of_teacher(str(tmp_path / "train.csv"))
    assert found["teacher"] == "train.csv" and found["teacher_sha256"] != facts["teacher_sha256"]
