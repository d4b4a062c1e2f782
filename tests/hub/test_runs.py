"""What the training scripts leave can be published as it is, with a card whose code runs."""

import re

import pytest
from huggingface_hub import ModelCard
from tiny_runs import QUIET, SCRIPTS, tiny_run

from abstain.hub.cards import render_card
from abstain.hub.facts import facts_of_folder
from abstain.hub.publication import plan_publication

TIMM = "img_size=8,patch_size=4,depth=1,embed_dim=16,num_heads=2"
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*has no abstention.json"),
    pytest.mark.filterwarnings("ignore:.*torchvision backend.*"),
]


def code_of(text):
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def run_code(run):
    """Run all code of the card that a folder has where it lies, and give the names that it leaves."""
    names = {}
    for block in code_of(render_card(facts_of_folder(run, name=run.name, location=f'"{run}"'))):
        exec(block, names)
    return names


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_leaves_what_can_be_published(script, main_of, tmp_path):
    (tmp_path / "data").mkdir()
    options = tiny_run(script, tmp_path / "data", dropout=0.0)
    run = tmp_path / "run"
    main_of(script, *options, "--output_dir", run, "--max_steps", "2", "--save_strategy", "steps", "--save_steps", "1")
    plan = plan_publication(run, "user/mine")
    sent = {file.path: file.source for file in plan.model.files}
    whole = {
        "README.md",
        "config.json",
        "model.safetensors",
        "results.json",
        "risk_coverage.png",
        "logits/test.parquet",
    }
    assert whole < set(sent) and "run.json" not in sent
    assert not [path for path in sent if path.startswith("checkpoint-")] and "checkpoint-2/" in plan.model.left_out
    card = ModelCard(sent["README.md"].decode())
    assert card.data.eval_results and "None" not in card.content and "multiply-adds for" in card.content
    names = run_code(run)
    assert names["model"].num_parameters() > 0 and len(names["labels"]) == len(names["logits"])
    assert list(plan.logits) == ["validation", "test"]


def test_a_timm_model_names_no_weights_of_others(main_of, tmp_path):
    options = [
        "--dataset_name",
        "digits",
        "--model_type",
        "timm_wrapper",
        "--timm_architecture",
        "vit_tiny_patch16_224",
    ]
    options += ["--config_overrides", TIMM, "--validation_size", "100", "--max_steps", "2", *QUIET]
    run = tmp_path / "run"
    main_of("train_image_classification", *options, "--output_dir", run)
    plan = plan_publication(run, "user/mine")
    (card,) = [ModelCard(file.source.decode()) for file in plan.model.files if file.path == "README.md"]
    assert card.data.library_name == "transformers" and "timm" in card.data.tags
    assert 'timm.create_model("hf-hub:user/mine", pretrained=True)' in card.content
    told = (run / "config.json").read_text()
    assert "augreg" not in told and "in1k" not in told and "http" not in told and str(tmp_path) not in told
    assert run_code(run)["answer"].label in [str(digit) for digit in range(10)]
