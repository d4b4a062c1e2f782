import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_trainers import arguments, small_resnet, small_vit

from abstain import InputError, SelectiveTrainer
from abstain.training.checkpoints import restore_renamed


def with_zeros(model):
    """A model of which no weight is what it was."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.zero_()
    return model


@pytest.mark.parametrize("max_shard_size", ["5GB", "5KB"])
def test_weights_under_other_names_are_restored(tmp_path, max_shard_size):
    model, other = small_vit(), with_zeros(small_vit())
    model.save_pretrained(tmp_path, max_shard_size=max_shard_size)
    files = list(tmp_path.glob("*.safetensors"))
    assert (len(files) > 1) == (max_shard_size == "5KB")
    if {name for file in files for name in load_file(file)} <= model.state_dict().keys():
        pytest.skip("this version of transformers has not renamed the modules of ViT")
    assert restore_renamed(other, tmp_path)
    assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in model.state_dict().items())


def test_weights_that_are_not_there_are_not_made_up(tmp_path):
    small_vit().save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    if weights.keys() <= small_vit().state_dict().keys():
        pytest.skip("this version of transformers has not renamed the modules of ViT")
    del weights["classifier.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lacks classifier\.weight, but must have all weights"):
        restore_renamed(small_vit(), tmp_path)


@pytest.mark.parametrize("model", [small_vit, small_resnet])
def test_a_checkpoint_of_another_model_is_one_sentence(tmp_path, digits, model):
    trainer = SelectiveTrainer(model(), arguments(tmp_path, max_steps=1), train_dataset=digits)
    trainer.train()
    trainer._save_checkpoint(trainer.model, None)
    other = model()
    other.classifier = torch.nn.Linear(other.classifier.in_features, 3)
    resuming = SelectiveTrainer(other, arguments(tmp_path, max_steps=2), train_dataset=digits)
    with pytest.raises(InputError, match=r"checkpoint-1' cannot be loaded \(.*classifier") as caught:
        resuming.train(resume_from_checkpoint=str(tmp_path / "checkpoint-1"))
    assert "\n" not in str(caught.value)


def test_weights_under_their_own_names_are_left_to_the_trainer(tmp_path):
    small_resnet().save_pretrained(tmp_path)
    other = with_zeros(small_resnet())
    assert not restore_renamed(other, tmp_path)
    assert not any(tensor.any() for tensor in other.state_dict().values())


@pytest.mark.parametrize("model", [small_vit, small_resnet])
def test_the_best_model_is_the_one_that_was_saved(tmp_path, digits, model):
    evaluated = []

    def worse_every_time(prediction):
        evaluated.append({name: tensor.clone() for name, tensor in trainer.model.state_dict().items()})
        return {"score": -len(evaluated)}

    args = arguments(
        tmp_path, num_train_epochs=2, learning_rate=0.01, eval_strategy="epoch", save_strategy="epoch",
        load_best_model_at_end=True, metric_for_best_model="score", greater_is_better=True,
    )  # fmt: skip
    trainer = SelectiveTrainer(
        model(), args, train_dataset=digits, eval_dataset=digits, compute_metrics=worse_every_time
    )
    trainer.train()
    first, last = evaluated
    name = next(name for name in first if name.endswith("classifier.weight"))
    assert not torch.equal(first[name], last[name])
    assert all(torch.equal(tensor, first[name]) for name, tensor in trainer.model.state_dict().items())
