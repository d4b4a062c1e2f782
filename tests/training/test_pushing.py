import json
import os
import subprocess
import sys

import pytest
from huggingface_hub import constants
from loopback_hub import commits, decoded, loopback_hub, running_hub
from tiny_trainers import arguments, small_resnet

from abstain import InputError, SelectiveTrainer
from abstain.inference.pushable import PICKLES

TOKEN = "hf_" + "NeverToBeSeen" * 3
STRATEGIES = ("end", "every_save", "checkpoint", "all_checkpoints")

PUSH = """
import json, pickle, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tiny_trainers import arguments, small_resnet
from transformers import ViTImageProcessor
from abstain import SelectiveTrainer
from abstain.data.image_tensors import decode_images
from abstain.data.splits import load_data

data = decode_images(load_data("digits")["train"].select(range(96)))
for strategy in sys.argv[4:]:
    folder = Path(sys.argv[2], strategy)
    args = arguments(
        folder, push_to_hub=True, hub_token=sys.argv[3], hub_strategy=strategy, hub_model_id=f"someone/{strategy}",
        max_steps=4, save_strategy="steps", save_steps=2, hub_always_push=True,
    )
    processor = ViTImageProcessor(size={"height": 8, "width": 8})
    trainer = SelectiveTrainer(small_resnet(), args, train_dataset=data, processing_class=processor)
    folder.mkdir()
    (folder / "note.txt").write_text("mine is " + sys.argv[3])
    (folder / "abstention.json").write_text("of other weights")
    trainer.train()
    assert not (folder / "abstention.json").exists() or strategy == "end"
    (folder / "odd.data").write_bytes(pickle.dumps([1]))
    with trainer.one_push():
        trainer.calibrate(data, target_risk=0.95)
        (folder / "results.json").write_text("{}")
import abstain
for strategy in sys.argv[4:]:
    classifier = abstain.SelectiveClassifier.from_pretrained(f"someone/{strategy}")
    assert classifier.rule == abstain.AbstentionRule.load(Path(sys.argv[2], strategy))
"""


@pytest.fixture(scope="module")
def pushed(root, tmp_path_factory):
    """(the folder of all runs, everything that the unmodified client has sent), of one run a strategy."""
    folder = tmp_path_factory.mktemp("pushed")
    (folder / "push.py").write_text(PUSH)
    with loopback_hub(folder) as (address, sent):
        here = {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(folder)}
        command = [sys.executable, str(folder / "push.py"), str(root / "tests"), str(folder), TOKEN, *STRATEGIES]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **here})
        assert done.returncode == 0, done.stderr
        assert "note.txt' is not pushed, for it holds a token" in done.stderr
        return folder, list(sent)


def test_no_byte_that_is_sent_is_of_a_pickle_or_of_a_token(pushed):
    _, sent = pushed
    bodies = list(decoded(sent))
    assert len(bodies) > 100 and any(len(body) > 10_000 for body in bodies)
    for body in bodies:
        assert TOKEN.encode() not in body and b"data.pkl" not in body
        assert body[:1] != b"\x80" or body[1] > 5 or body[2] == 0, "the magic number of a pickle"
    names = [name for strategy in STRATEGIES for _, files in commits(sent, f"someone/{strategy}") for name in files]
    assert len(names) > 50 and not [name for name in names if name.endswith(PICKLES) or "odd.data" in name]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_last_push_is_of_the_whole_repository(pushed, strategy):
    folder, sent = pushed
    message, files = commits(sent, f"someone/{strategy}")[-1]
    assert message == "Model save"
    whole = {"README.md", "config.json", "model.safetensors", "preprocessor_config.json", "abstention.json"}
    whole |= {"results.json", "logits/validation.parquet"}
    assert set(files) == whole
    rule = json.loads(files["abstention.json"])
    assert rule["weights_sha256"] == files["model.safetensors"], "the SHA-256 by which the Hub knows them"
    assert f'SelectiveClassifier.from_pretrained("someone/{strategy}")' in files["README.md"].decode()
    for name in ("abstention.json", "README.md"):
        assert files[name] == (folder / strategy / name).read_bytes()
    large = [body for path, body in sent if path == f"/lfs/{files['model.safetensors']}"]
    assert (folder / strategy / "model.safetensors").read_bytes() in large


def test_what_is_pushed_in_between_is_what_was_asked_for(pushed):
    folder, sent = pushed
    model = {"config.json", "model.safetensors", "preprocessor_config.json"}
    state = {*model, "trainer_state.json"}
    expected = {
        "end": [],
        "every_save": [("step 2", "", model), ("step 4", "", model)],
        "checkpoint": [(f"step {n}", p, s) for n in (2, 4) for p, s in (("", model), ("last-checkpoint/", state))],
        "all_checkpoints": [(f"step {n}", p, s) for n in (2, 4) for p, s in (("", model), (f"checkpoint-{n}/", state))],
    }
    for strategy, wanted in expected.items():
        *between, _ = commits(sent, f"someone/{strategy}")
        assert len(between) == len(wanted)
        for (message, files), (at, prefix, names) in zip(between, wanted, strict=True):
            assert message == f"Training in progress, {at}" + (", checkpoint" if prefix else "")
            assert set(files) == {prefix + name for name in names}
        assert (folder / strategy / "checkpoint-4" / "optimizer.pt").is_file(), "to go on from, on this disk"


def test_without_a_token_it_does_not_begin(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "run"
    with pytest.raises(InputError, match="push_to_hub needs a token of the Hub, and there is none: give hub_token="):
        SelectiveTrainer(small_resnet(), arguments(folder, push_to_hub=True))
    assert not folder.exists()
    with pytest.raises(InputError, match="the repository of push_to_hub cannot be made of these arguments"):
        SelectiveTrainer(small_resnet(), arguments(folder, push_to_hub=True, hub_token="x"))  # and no network


FAIL = """
import sys
sys.path.insert(0, sys.argv[1])
from tiny_trainers import arguments, small_resnet
from abstain import InputError, SelectiveTrainer

args = arguments(sys.argv[2], push_to_hub=True, hub_token=sys.argv[3], hub_model_id="someone/mine")
try:
    SelectiveTrainer(small_resnet(), args).push_to_hub()
except InputError as error:
    print(error)
"""


@pytest.mark.parametrize("fails_at", ["lfs", "commit"])
def test_a_push_that_fails_leaves_main_as_it_was_and_says_so(root, tmp_path, fails_at):
    with running_hub() as hub:
        hub.fails_at = fails_at
        here = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path)}
        command = [sys.executable, "-c", FAIL, str(root / "tests"), str(tmp_path / "run"), TOKEN]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **here})
        assert done.returncode == 0 and "'someone/mine' was not pushed (" in done.stdout, done.stderr
        assert hub.files("someone/mine") == {} and (tmp_path / "run" / "model.safetensors").is_file()


def test_one_push_ends_the_outermost_block_and_none_that_failed(tmp_path, monkeypatch):
    pushes = []
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path))
    monkeypatch.setattr(trainer, "push_to_hub", lambda **how: pushes.append(how))
    trainer.save_model()
    assert pushes == []
    trainer.args.push_to_hub = True
    with trainer.one_push(), trainer.one_push():
        trainer.save_model()
        assert pushes == []
    assert pushes == [{"commit_message": "Model save"}]
    with pytest.raises(RuntimeError), trainer.one_push():
        raise RuntimeError
    trainer.save_model(str(tmp_path / "elsewhere"))
    assert len(pushes) == 2
