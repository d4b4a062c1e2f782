"""Our own promises on the whole way to the Hub and back, in processes that know nothing but the Hub."""

import json
import re
import shutil
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from loopback_hub import decoded
from loopback_repositories import Blob

from abstain import InputError
from abstain.hub.publication import plan_publication
from abstain.hub.publish import publish
from abstain.hub.repository import RepositoryPlan, SentFile

LS, CE = "resnet20_cifar10_ls", "resnet20_cifar10_ce"
TAG = f"v{int(time.time())}"
"""Of its own in each run, for that of the run before may stand on a real Hub."""
SENT = ["README.md", "abstention.json", "config.json", "logits/test.parquet", "logits/validation.parquet"]
SENT += ["model.safetensors", "preprocessor_config.json", "results.json", "risk_coverage.png", "samples.parquet"]
READ_BACK = """
import json, sys
import abstain
from huggingface_hub import snapshot_download

user = sys.argv[1]
classifier = abstain.SelectiveClassifier.from_pretrained(f"{user}/resnet20_cifar10_ls", revision=sys.argv[2])
logits = abstain.read_logits(snapshot_download(f"{user}/resnet20_cifar10_ls") + "/logits", "test")[0]
found = abstain.read_predictions(f"{user}/logits-of-a-test", split="test")
assert (found.values.numpy() == logits).all() and found.class_names[0] == "airplane"
print(json.dumps([classifier.rule.operating_point.threshold, len(found.labels)]))
"""
FIT = """
import sys
from pathlib import Path
import abstain
for folder in map(Path, sys.argv[1:]):
    logits, labels = abstain.read_logits(folder / "logits", "validation")
    abstain.AbstentionRule.fit(logits, labels, target_risk=0.1).belonging_to(folder).save(folder)
"""


@pytest.fixture(scope="module")
def fitted(runs):
    """The pair, each with its rule."""
    exec(FIT.replace("sys.argv[1:]", f"[{str(runs / LS)!r}, {str(runs / CE)!r}]"), {})
    (runs / LS / "run.json").write_text("{}")
    return runs


@pytest.fixture
def told(hub):
    """The arguments that each command of a test takes."""
    return ["--logits-repo", f"{hub.user}/logits-of-a-test"]


def write_wheel(path):
    """The least that pip installs."""
    told = "Metadata-Version: 2.1\nName: abstain\nVersion: 0.2.0.dev0\n"
    files = {
        "abstain/__init__.py": "HERE = True\n",
        "abstain-0.2.0.dev0.dist-info/METADATA": told,
        "abstain-0.2.0.dev0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "abstain-0.2.0.dev0.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


@contextmanager
def failing(hub, at):
    hub.fails_at = at
    try:
        yield
    finally:
        hub.fails_at = None


def failed(done, said):
    assert done.returncode in (1, 2), done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert said in line and "Traceback" not in done.stderr


def test_a_dry_run_sends_nothing(hub, fitted, abstain, told):
    done = abstain("publish", fitted / LS, f"{hub.user}/{LS}", *told)
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()[1:11]] == SENT
    assert "run.json: the settings of a run" in done.stdout and "Nothing was sent: give --yes" in done.stdout
    assert f"sibling: {hub.user}/{CE} (trained with cross-entropy, and alike in everything else)" in done.stdout
    assert "configuration resnet20_cifar10_ls: 2 splits" in done.stdout and "(10,000 samples" in done.stdout
    if hub.hub:
        assert not hub.hub.repositories and not hub.hub.sent
    assert not (fitted / LS / "README.md").exists(), "nothing is written into the folder"


def test_what_fails_in_the_middle_leaves_main_as_it_was_and_the_second_run_completes_it(hub, fitted, abstain, told):
    if hub.hub is None:
        pytest.skip("a real Hub does not fail when it is told to")
    name = f"{hub.user}/{CE}-fails"
    for fails_at in ("lfs", "commit"):
        with failing(hub.hub, fails_at):
            failed(abstain("publish", fitted / CE, name, *told, "--yes"), "was not published")
        assert all(len(repository.history()) == 1 for repository in hub.hub.repositories.values())
    done = abstain("publish", fitted / CE, name, *told, "--yes")
    assert done.returncode == 0, done.stderr
    assert sorted(hub.hub.files(name)) == SENT and len(hub.hub.repository(name).history()) == 2
    with failing(hub.hub, "race"):
        failed(abstain("publish", fitted / LS, name, *told, "--yes"), "was not published")
    (*_, before, last) = hub.hub.repository(name).history()
    assert last.message == "by somebody else" and last.files.items() > before.files.items()
    hub.hub.repositories.clear()


def test_the_whole_way_to_the_hub_and_back(hub, fitted, abstain, python, told):
    done = abstain("publish", fitted / LS, f"{hub.user}/{LS}", *told, "--yes", "--private", "--revision-tag", TAG)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("published http") == 2
    back = python(READ_BACK, hub.user, TAG)
    assert back.returncode == 0, back.stderr
    rule = json.loads((fitted / LS / "abstention.json").read_text())
    assert json.loads(back.stdout.splitlines()[-1]) == [rule["operating_point"]["threshold"], 10_000]
    if hub.hub is None:
        return
    repository = hub.hub.repository(f"{hub.user}/{LS}")
    files = hub.hub.files(f"{hub.user}/{LS}")
    assert sorted(files) == SENT and repository.is_private and len(repository.history()) == 2
    assert files["model.safetensors"] == (fitted / LS / "model.safetensors").read_bytes()
    assert repository.at(TAG) is repository.at("main")
    card = ModelCard(files["README.md"].decode())
    assert len(card.data.eval_results) == 7 and f"[{hub.user}/{CE}]" in card.content
    again = abstain("publish", fitted / LS, f"{hub.user}/{LS}", *told, "--yes", "--revision-tag", TAG)
    failed(again, f"has the tag '{TAG}' already")


def test_the_code_of_the_card_runs_in_a_fresh_process(hub, python):
    if hub.hub is None:
        pytest.skip("of the repository that was looked at above")
    text = hub.hub.files(f"{hub.user}/{LS}")["README.md"].decode()
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == 3 and "import abstain.models" in blocks[1]
    alike = f"for block in {[blocks[0], blocks[2]]!r}: exec(block, {{}})"  # neither needs what the other imports
    for program in (alike, blocks[1]):
        done = python(program)
        assert done.returncode == 0, done.stderr


def test_a_second_checkpoint_is_another_configuration_of_the_same_data(hub, fitted, abstain, warm, told):
    done = abstain("publish", fitted / CE, f"{hub.user}/{CE}", *told, "--yes")
    assert done.returncode == 0, done.stderr
    program = "import sys; from datasets import load_dataset\n"
    program += "for name in sys.argv[2:]: print(load_dataset(sys.argv[1] + '/logits-of-a-test', name))"
    done = warm(program, hub.user, LS, CE)
    assert done.returncode == 0 and done.stdout.count("num_rows: 10000") == 2, done.stderr
    if hub.hub:
        text = hub.hub.files(f"{hub.user}/logits-of-a-test", "dataset")["README.md"].decode()
        assert text.count("config_name: ") == 4 and text.count("# Logits") == 1
        code = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)[1]
        assert "| MSP" in warm(code).stdout


def test_no_byte_that_was_sent_is_of_a_pickle_or_a_token(hub):
    if hub.hub is None:
        pytest.skip("a real Hub does not say what was sent")
    bodies = list(decoded(hub.hub.sent))
    assert len(bodies) > 50 and any(len(body) > 1_000_000 for body in bodies)
    assert not [path for path, body in hub.hub.sent if hub.token.encode() in body]
    for body in bodies:
        assert hub.token.encode() not in body
        assert body[:1] != b"\x80" or body[1] > 5 or body[2] == 0, "the magic number of a pickle"


def test_what_an_earlier_model_left_goes_in_the_same_commit(hub, fitted, abstain, told, tmp_path):
    if hub.hub is None:
        pytest.skip("a real Hub would keep what this test leaves")
    name = f"{hub.user}/again"
    assert abstain("publish", fitted / CE, name, *told, "--yes").returncode == 0
    files = hub.hub.repository(name).at().files
    hub.hub.repository(name).add("main", "a licence", {**files, "LICENSE": Blob(b"By hand.")})
    without = shutil.copytree(fitted / LS, tmp_path / "without", ignore=shutil.ignore_patterns("abstention.json"))
    done = abstain("publish", without, name, *told, "--yes")
    assert done.returncode == 0, done.stderr
    assert sorted(hub.hub.files(name)) == ["LICENSE", *(path for path in SENT if path != "abstention.json")]
    assert len(hub.hub.repository(name).history()) == 4


@pytest.mark.parametrize("fails_at", ["lfs", "commit"])
def test_a_push_that_fails_in_the_middle_is_one_sentence(hub, fitted, warm, fails_at):
    if hub.hub is None:
        pytest.skip("a real Hub does not fail when it is told to")
    program = "import sys, abstain\nclassifier = abstain.SelectiveClassifier.from_pretrained(sys.argv[1])\n"
    program += f"classifier.model.classifier.bias.data += {len(fails_at)}\n"  # weights that the Hub does not know yet
    program += "classifier = abstain.SelectiveClassifier(classifier.model, classifier.processor)\n"
    program += "try: classifier.push_to_hub(sys.argv[2])\nexcept abstain.InputError as error: print(error)"
    with failing(hub.hub, fails_at):
        done = warm(program, fitted / CE, f"{hub.user}/push-{fails_at}")
    assert done.returncode == 0 and "was not pushed (" in done.stdout, done.stderr
    assert hub.hub.files(f"{hub.user}/push-{fails_at}") == {}


def test_a_classifier_pushed_by_itself_comes_back(hub, fitted, warm):
    program = """
import sys
import numpy as np
import abstain
name, folder = sys.argv[1:]
classifier = abstain.SelectiveClassifier.from_pretrained(folder)
address = classifier.push_to_hub(name)
back = abstain.SelectiveClassifier.from_pretrained(name, revision=address.rpartition("/")[2])
image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
assert np.allclose(back.logits([image]), classifier.logits([image]), rtol=0, atol=1e-6)
assert back.rule.operating_point == classifier.rule.operating_point
"""
    done = warm(program, f"{hub.user}/by-itself", fitted / LS)
    assert done.returncode == 0, done.stderr


def test_the_space_is_sent_with_its_wheel(hub, root, fitted, abstain, told, tmp_path):
    wheel = tmp_path / "abstain-0.2.0.dev0-py3-none-any.whl"
    write_wheel(wheel)
    space = ["--space", root / "metrics" / "selective_risk", "--wheel", wheel]
    done = abstain("publish", fitted / CE, f"{hub.user}/{CE}", *told, *space, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("published http") == 3
    if hub.hub:
        files = hub.hub.files(f"{hub.user}/selective_risk", "space")
        assert files[wheel.name] == wheel.read_bytes() and "screenshot.png" in files
        wanted = f"abstain @ {hub.address}/spaces/{hub.user}/selective_risk/resolve/main/{wheel.name}"
        assert files["requirements.txt"].decode().splitlines()[0] == wanted
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(tmp_path / "new"),
            wanted,
        ]
        assert subprocess.run(pip, capture_output=True).returncode == 0, "as a Space installs it"
        assert (tmp_path / "new" / "abstain" / "__init__.py").read_text() == "HERE = True\n"


def test_without_a_token_or_a_network_it_is_one_sentence(run, monkeypatch):
    publication = plan_publication(run, "user/mine")
    monkeypatch.setattr("abstain.inference.uploading.get_token", lambda: None)
    with pytest.raises(InputError, match="a push needs a token of the Hub, and there is none: set HF_TOKEN"):
        publish(publication)
    with pytest.raises(InputError, match=r"was not published .*offline"):
        publish(publication, token="x")
    space = RepositoryPlan("user/s", "space", (SentFile("abstain-1-py3-none-any.whl", b""),))
    with pytest.raises(InputError, match="a private Space could not install the wheel from its own address"):
        publish(replace(publication, space=space), token="x", private=True)
    with pytest.raises(InputError, match="a wheel is given, but only a Space installs it"):
        plan_publication(run, "user/mine", wheel=Path("abstain.whl"))


def test_a_hub_that_does_not_answer_is_one_sentence(run, hub, python):
    program = "import os; os.environ['HF_ENDPOINT'] = 'http://localhost:9'\nfrom abstain.cli import main; main()"
    done = python(program, "publish", run, "user/mine", "--yes")
    failed(done, "was not published (")
