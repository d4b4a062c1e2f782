"""The program of `model_cards` that keeps runs, and writes what goes to the Hub."""

import importlib.util
import json
import shutil

import pytest

from abstain import AbstentionRule, released_checkpoint

NAME = "mlp_noisy_digits_a0.4_s0"


@pytest.fixture
def release(root, tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("release", root / "model_cards" / "release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "CARDS", tmp_path / "cards")
    monkeypatch.setattr(module, "RELEASED", tmp_path / "released")
    return module


def test_a_run_is_kept_with_its_results_and_a_rule(release, root, tmp_path):
    run = shutil.copytree(released_checkpoint(NAME), tmp_path / "runs" / NAME)
    shutil.copy(root / "model_cards" / NAME / "samples.parquet", run)
    results = json.loads((run / "results.json").read_text())
    (run / "results.json").write_text(json.dumps({**results, "evaluation": {}}))
    (run / "abstention.json").unlink()
    release.keep_run(run, 0.25, 0.1)
    kept, card = tmp_path / "released" / NAME, tmp_path / "cards" / NAME
    rule = AbstentionRule.load(kept)
    assert rule.operating_point.guaranteed and rule.operating_point.delta == 0.1
    assert rule.validation_sha256 == results["data"]["validation"]["sha256"]
    assert json.loads((kept / "results.json").read_text()) == results, "measured anew from the kept logits"
    assert (kept / "results.json").read_bytes() == (card / "results.json").read_bytes()
    assert (card / "samples.parquet").is_file() and not (kept / "samples.parquet").exists()

    release.keep_run(kept, None, None)
    assert AbstentionRule.load(kept) == rule, "aims where the rule that was there did"


def test_what_is_built_loads_what_comes_with_the_package_or_the_repositories_of_a_user(release, tmp_path):
    for user, location in ((None, f'abstain.released_checkpoint("{NAME}")'), ("someone", f'"someone/{NAME}"')):
        (tmp_path / "hub" / NAME).mkdir(parents=True, exist_ok=True)  # of a build before
        (tmp_path / "hub" / NAME / "old").touch()
        release.build_one(NAME, tmp_path / "hub", user)
        built = {path.name for path in (tmp_path / "hub" / NAME).iterdir()}
        assert {"README.md", "abstention.json", "model.safetensors", "risk_coverage.png"} < built and "old" not in built
        assert f"from_pretrained({location})" in (tmp_path / "hub" / NAME / "README.md").read_text()
