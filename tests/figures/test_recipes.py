import pytest

from abstain.figures.recipes import Recipe


@pytest.mark.parametrize(
    ("training", "recipe"),
    [
        ({"label_smoothing_factor": 0.0, "sam_rho": None}, Recipe("CE", "CE", 0.0)),
        ({"label_smoothing_factor": 0.2, "sam_rho": 0.1}, Recipe("LS 0.2 + SAM 0.1", "LS + SAM", 0.2)),
        ({"max_suppression_factor": 0.3}, Recipe("MaxSup 0.3", "MaxSup", 0.3)),
        ({"teacher": "large"}, Recipe("distilled", "distilled", 0.0)),
    ],
)
def test_a_recipe_is_called_by_what_is_not_0(training, recipe):
    assert Recipe.of_settings({"model": {"model_type": "mlp"}, "training": training}) == recipe


def test_a_loss_that_is_a_property_of_the_model_counts_too():
    assert Recipe.of_settings({"model": {"logit_norm_temperature": 0.04}, "training": None}).name == "LogitNorm 0.04"
