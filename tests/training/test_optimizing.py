import pytest
import torch
from tiny_trainers import arguments, small_vit
from transformers import Trainer

from abstain import InputError, SelectiveTrainer


def test_the_learning_rate_steps_after_whole_epochs(tmp_path, digits):
    changes = {"lr_step_epochs": [1, 2], "learning_rate": 0.5, "logging_strategy": "steps", "logging_steps": 1}
    args = arguments(tmp_path, num_train_epochs=3, optim="sgd", **changes)
    trainer = SelectiveTrainer(small_vit(), args, train_dataset=digits)
    trainer.train()
    rates = [log["learning_rate"] for log in trainer.state.log_history if "learning_rate" in log]
    assert rates == pytest.approx([0.5] * 6 + [0.05] * 6 + [0.005] * 6)


@pytest.fixture
def searched(monkeypatch):
    """What the stock Trainer is asked to search by: (objective of some metrics, direction)."""
    asked = {}

    def search(self, hp_space, compute_objective, n_trials, direction, *more, **kwargs):
        metrics = {"eval_loss": 1.0, "eval_aurc": 0.25, "eval_cov@5": 0.5, "eval_risk": 0.125}
        asked.update(objective=compute_objective(metrics), direction=direction, n_trials=n_trials)

    monkeypatch.setattr(Trainer, "hyperparameter_search", search)
    return asked


def test_a_search_minimises_aurc_unless_told(tmp_path, searched):
    SelectiveTrainer(small_vit(), arguments(tmp_path)).hyperparameter_search(n_trials=3)
    assert searched == {"objective": 0.25, "direction": "minimize", "n_trials": 3}
    args = arguments(tmp_path, metric_for_best_model="eval_cov@5")
    SelectiveTrainer(small_vit(), args).hyperparameter_search()
    assert (searched["objective"], searched["direction"]) == (0.5, "maximize")
    trainer = SelectiveTrainer(small_vit(), arguments(tmp_path))
    trainer.hyperparameter_search(compute_objective=lambda metrics: metrics["eval_loss"], direction="maximize")
    assert (searched["objective"], searched["direction"]) == (1.0, "maximize")
    with pytest.raises(InputError, match="direction is 'maximize' without compute_objective"):
        trainer.hyperparameter_search(direction="maximize")


def test_a_search_runs_whole(tmp_path, digits):
    pytest.importorskip("optuna", reason="needs optuna: pip install -e '.[dev]'")
    args = arguments(tmp_path, eval_strategy="epoch", max_steps=2)
    trainer = SelectiveTrainer(None, args, train_dataset=digits, eval_dataset=digits, model_init=lambda *_: small_vit())
    best = trainer.hyperparameter_search(
        lambda trial: {"learning_rate": trial.suggest_float("lr", 1e-5, 1e-3)}, n_trials=2
    )
    assert 0 < best.objective < 1


def test_what_cannot_be_made_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be made of these arguments"):
        SelectiveTrainer(
            small_vit(), arguments(tmp_path, optim_target_modules="x", optim="galore_adamw")
        ).create_optimizer()


def test_a_backbone_is_not_slowed_where_nothing_else_learns(tmp_path):
    model = small_vit()
    model.classifier.requires_grad_(False)
    args = arguments(tmp_path, backbone_learning_rate_factor=0.1)
    with pytest.raises(InputError, match="would slow everything"):
        SelectiveTrainer(model, args).create_optimizer()
    model.classifier.bias.requires_grad_(True)
    assert isinstance(SelectiveTrainer(model, args).create_optimizer(), torch.optim.Optimizer)
