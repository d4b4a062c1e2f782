import os
import subprocess
import sys

import pytest
from loopback_hub import decoded, running_hub

PUSH = """
import sys, warnings
from answering import parts_of
from pathlib import Path
from abstain import InputError, SelectiveClassifier
from abstain.inference.uploading import upload

warnings.simplefilter("ignore")
folder = Path(sys.argv[1])
model, processor, samples, labels = parts_of("vit", folder / "parts")
made = SelectiveClassifier.from_model(model, processor, (samples, labels), target_risk=0.9)
address = made.push_to_hub("me/mine", private=True)
made.with_target(0.95).push_to_hub("me/mine")
first = SelectiveClassifier.from_pretrained("me/mine", revision=address.rpartition("/")[2], device="cpu")
newest = SelectiveClassifier.from_pretrained("me/mine", device="cpu")
assert first.rule.operating_point == made.rule.operating_point
assert newest.rule.operating_point.target_risk == 0.95 == newest.with_target(0.95).rule.operating_point.target_risk
apart = max(abs(one.confidence - two.confidence) for one, two in zip(made(samples), newest(samples)))
assert apart < 1e-5
try:
    upload(folder, "no/such/name", message="x")
except InputError as error:
    print(error)
"""


def run(code, folder, **environment):
    told = {"HF_HUB_OFFLINE": "0", "HF_HOME": str(folder / "home"), "HF_HUB_DISABLE_XET": "1", **environment}
    command = [sys.executable, "-c", code, str(folder)]
    path = os.pathsep.join(["tests", os.environ.get("PYTHONPATH", "")])
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | told | {"PYTHONPATH": path})


def test_what_is_pushed_is_loaded_at_any_revision(tmp_path):
    with running_hub() as hub:
        token = "hf_" + "a" * 34
        (tmp_path / "parts").mkdir()
        done = run(PUSH, tmp_path, HF_ENDPOINT=hub.address, HF_TOKEN=token)
        assert done.returncode == 0, done.stderr
        files = sorted(hub.files("me/mine"))
        wanted = ["README.md", "abstention.json", "config.json", "logits/validation.parquet", "model.safetensors"]
        assert files == [*wanted, "preprocessor_config.json"]
        assert len(hub.repository("me/mine").history()) == 3, "made, and a commit for each push"
        assert not any(token.encode() in body for body in decoded(hub.sent))
        assert "'no/such/name' was not pushed" in done.stdout


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"HF_ENDPOINT": "http://localhost:9", "HF_TOKEN": "hf_x"}, "'me/mine' was not pushed"),
        ({"HF_TOKEN": ""}, "a push needs a token of the Hub, and there is none"),
    ],
)
def test_what_cannot_be_pushed_is_one_sentence(tmp_path, environment, said):
    (tmp_path / "a.json").write_text("{}")
    code = "import sys, pathlib; from abstain.inference.uploading import upload\n"
    code += "try: upload(pathlib.Path(sys.argv[1]), 'me/mine', message='x')\nexcept ValueError as error: print(error)"
    done = run(code, tmp_path, **environment)
    assert done.returncode == 0 and done.stdout.startswith(said) and done.stdout.count("\n") == 1, done.stderr


LATER = """
import sys, warnings, numpy as np, torch
from answering import parts_of
from pathlib import Path
from huggingface_hub import HfApi
from abstain import SelectiveClassifier

warnings.simplefilter("ignore")
folder = Path(sys.argv[1])
model, processor, samples, labels = parts_of("vit", folder / "parts")
SelectiveClassifier.from_model(model, processor, (samples, labels), target_risk=0.9).push_to_hub("me/mine")
for name in ("model-00001-of-00002.safetensors", "notes/model.safetensors"):
    HfApi().upload_file(path_or_fileobj=b"of an earlier model", path_in_repo=name, repo_id="me/mine")
with torch.no_grad():
    model.classifier.bias.add_(1)
SelectiveClassifier(model, processor).push_to_hub("me/mine")
assert SelectiveClassifier.from_pretrained("me/mine", device="cpu").rule is None
"""


def test_what_an_earlier_model_left_goes_in_the_same_commit(tmp_path):
    with running_hub() as hub:
        done = run(LATER, tmp_path, HF_ENDPOINT=hub.address, HF_TOKEN="hf_" + "a" * 34)
        assert done.returncode == 0, done.stderr
        wanted = ["README.md", "config.json", "model.safetensors", "notes/model.safetensors"]
        assert sorted(hub.files("me/mine")) == [*wanted, "preprocessor_config.json"]
        assert len(hub.repository("me/mine").history()) == 5
