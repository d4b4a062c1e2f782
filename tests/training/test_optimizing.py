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


@pytest.mark.parametrize("name", ["label_smoothing_factor", "max_suppression_factor"])
def test_a_search_trains_with_the_loss_of_each_trial(tmp_path, digits, name):
    pytest.importorskip("optuna", reason="needs optuna: pip install -e '.[dev]'")
    args = arguments(tmp_path, eval_strategy="epoch", max_steps=2, optim="sgd", learning_rate=0.5)
    trainer = SelectiveTrainer(None, args, train_dataset=digits, eval_dataset=digits, model_init=lambda *_: small_vit())
    found = []

    def loss(metrics):
        found.append((getattr(trainer.args, name), metrics["eval_loss"]))
        return metrics["eval_loss"]

    def space(trial):
        return {name: trial.suggest_categorical("value", [0.0, 0.9])}

    from optuna.samplers import GridSampler

    trainer.hyperparameter_search(space, loss, n_trials=2, sampler=GridSampler({"value": [0.0, 0.9]}))
    for value, measured in found:
        args = arguments(tmp_path, max_steps=2, optim="sgd", learning_rate=0.5, **{name: value})
        alone = SelectiveTrainer(
            None, args, train_dataset=digits, eval_dataset=digits, model_init=lambda *_: small_vit()
        )
        alone.train()
        assert alone.evaluate()["eval_loss"] == pytest.approx(measured, rel=1e-6)
    assert {value for value, _ in found} == {0.0, 0.9} and abs(found[0][1] - found[1][1]) > 1e-4


def test_an_optimizer_that_is_given_is_not_said_to_be_changed(tmp_path):
    model = small_vit()
    given = (torch.optim.SGD(model.parameters(), lr=0.1), None)
    for changes in ({"backbone_learning_rate_factor": 0.1}, {"decay_all_parameters": True}):
        with pytest.raises(InputError, match="an optimizer is given, which backbone_learning_rate_factor and"):
            SelectiveTrainer(model, arguments(tmp_path, **changes), optimizers=given)
    assert SelectiveTrainer(model, arguments(tmp_path), optimizers=given).optimizer is given[0]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("backbone_learning_rate_factor", -1.0, "backbone_learning_rate_factor is -1, but must be above 0"),
        ("sam_rho", -1.0, "sam_rho is -1, but must be finite and at least 0"),
        ("label_smoothing_factor", 1.5, r"the label-smoothing factor is 1\.5, but must be in"),
    ],
)
def test_what_a_trial_cannot_have_is_one_sentence(tmp_path, digits, name, value, said):
    pytest.importorskip("optuna", reason="needs optuna: pip install -e '.[dev]'")
    args = arguments(tmp_path, eval_strategy="epoch", max_steps=1)
    trainer = SelectiveTrainer(None, args, train_dataset=digits, eval_dataset=digits, model_init=lambda *_: small_vit())
    with pytest.raises(InputError, match=said):
        trainer.hyperparameter_search(lambda trial: {name: trial.suggest_categorical("value", [value])}, n_trials=1)
