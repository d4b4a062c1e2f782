import pytest
import torch
from tiny_trainers import ONE_STEP, all_items, arguments, small_resnet, small_vit
from torch.nn import functional

from abstain import InputError, SelectiveTrainer
from abstain.data.augmentation import Augmentation
from abstain.data.mixed_samples import MixedSamples
from abstain.data.mixing import Mixing

BOTH = {"mixup_alpha": 0.4, "cutmix_alpha": 1.0}


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


@pytest.mark.parametrize("steps", [1, 2])
def test_training_on_mixed_samples_does_not_depend_on_gradient_accumulation(tmp_path, digits, steps):
    data = torch.utils.data.Subset(digits, range(16))
    size = {"per_device_train_batch_size": 16 // steps, "gradient_accumulation_steps": steps}
    args = arguments(tmp_path, **ONE_STEP, **size, **BOTH, label_smoothing_factor=0.2)
    model = small_vit()
    SelectiveTrainer(model, args, train_dataset=data).train()

    pixels, targets = all_items(MixedSamples(data, Mixing(0.4, 1.0, args.seed), 10))
    by_hand = small_vit().eval()
    functional.cross_entropy(by_hand(pixels).logits, 0.8 * targets + 0.02).backward()
    expected = weights(by_hand) - 0.1 * torch.cat([parameter.grad.flatten() for parameter in by_hand.parameters()])
    torch.testing.assert_close(weights(model), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "changes", [{"max_suppression_factor": 0.3}, {"class_weights": [1, 2] * 5}, {"sam_rho": 0.1}, {"bf16": True}]
)
def test_mixed_samples_go_with_the_other_arguments(tmp_path, digits, changes):
    found = []
    for alphas in ({}, BOTH):
        model = small_resnet()
        args = arguments(tmp_path, max_steps=2, **alphas, **changes)
        trainer = SelectiveTrainer(model, args, train_dataset=digits, eval_dataset=digits)
        assert trainer.train().training_loss > 0
        assert trainer.train_dataset is digits and trainer.evaluate()["eval_aurc"] > 0
        found.append(weights(model))
    assert not torch.equal(*found)


def test_a_run_that_goes_on_in_mid_epoch_ends_as_if_it_had_not_stopped(tmp_path, digits):
    data, ends = digits.augmented(Augmentation(crop_padding=1)), []
    settings = {"num_train_epochs": 3, "save_strategy": "steps", "save_steps": 4, **BOTH}
    for checkpoint in (None, tmp_path / "checkpoint-8"):  # of six steps an epoch
        model = small_vit()
        trainer = SelectiveTrainer(model, arguments(tmp_path, **settings), train_dataset=data)
        trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint))
        ends.append(weights(model))
    assert torch.equal(*ends)


def test_each_epoch_mixes_anew(tmp_path, digits):
    seen = []

    class Watching(SelectiveTrainer):
        def compute_loss(self, model, inputs, *more, **kwargs):
            seen.append(inputs["labels"])
            return super().compute_loss(model, inputs, *more, **kwargs)

    args = arguments(tmp_path, num_train_epochs=2, per_device_train_batch_size=96, mixup_alpha=1.0)
    Watching(small_vit(), args, train_dataset=digits).train()
    one, other = (sorted(labels.amax(dim=1).tolist()) for labels in seen)
    assert len(one) == 96 and one != other


def test_what_cannot_go_together_is_refused(tmp_path, digits):
    with pytest.raises(InputError, match="dataloader_persistent_workers keeps copies of the data that never learn"):
        args = arguments(tmp_path, mixup_alpha=0.2, dataloader_persistent_workers=True, dataloader_num_workers=1)
        SelectiveTrainer(small_vit(), args, train_dataset=torch.utils.data.Subset(digits, range(16)))
    with pytest.raises(InputError, match="the model does not say how many it has: set num_labels"):
        trainer = SelectiveTrainer(torch.nn.Linear(2, 2), arguments(tmp_path, mixup_alpha=0.2), train_dataset=digits)
        trainer.get_train_dataloader()
