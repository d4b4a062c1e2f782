import shutil

import pytest
from huggingface_hub import constants

from abstain import InputError
from abstain.hub.space import plan_space

WHEEL = "abstain-0.2.0.dev0-py3-none-any.whl"


@pytest.fixture
def space(root, tmp_path):
    folder = shutil.copytree(
        root / "metrics" / "selective_risk", tmp_path / "space", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / WHEEL).write_bytes(b"PK a wheel")
    return folder


def test_the_wheel_travels_and_is_named_by_its_address(space, tmp_path):
    plan = plan_space(space, "user/selective_risk", wheel=tmp_path / WHEEL)
    files = {file.path: file.source for file in plan.files}
    assert plan.kind == "space" and files[WHEEL] == tmp_path / WHEEL
    address = f"{constants.ENDPOINT}/spaces/user/selective_risk/resolve/main/{WHEEL}"
    assert files["requirements.txt"].decode() == f"abstain @ {address}\nevaluate\n"
    assert {"app.py", "README.md", "selective_risk.py", "screenshot.png"} < set(files)


def test_extras_and_versions_of_the_requirement(space, tmp_path):
    (space / "requirements.txt").write_text("# what the page needs\nabstain[app]>=0.1\nabstain-other\n")
    plan = plan_space(space, "user/s", wheel=tmp_path / WHEEL)
    lines = next(file.source for file in plan.files if file.path == "requirements.txt").decode().splitlines()
    assert lines[0] == "# what the page needs" and lines[2] == "abstain-other"
    assert lines[1].startswith("abstain[app] @ http") and lines[1].endswith(WHEEL)


def test_without_a_release_and_without_a_wheel_it_could_not_be_installed(space, monkeypatch):
    monkeypatch.setattr("abstain.hub.space.version", lambda name: "0.2.0.dev0")
    with pytest.raises(InputError, match=r"no package index has the version 0\.2\.0\.dev0: build it by pip wheel"):
        plan_space(space, "user/s")
    monkeypatch.setattr("abstain.hub.space.version", lambda name: "0.2.0")
    assert "requirements.txt" in [file.path for file in plan_space(space, "user/s").files]


def test_what_is_no_space_and_no_wheel(space, tmp_path):
    with pytest.raises(InputError, match=r"is no abstain-VERSION-py3-none-any\.whl"):
        plan_space(space, "user/s", wheel=tmp_path / "other-1.0-py3-none-any.whl")
    (space / "requirements.txt").write_text("evaluate\n")
    with pytest.raises(InputError, match="does not require abstain"):
        plan_space(space, "user/s", wheel=tmp_path / WHEEL)
    (space / "app.py").unlink()
    with pytest.raises(InputError, match=r"holds no app\.py: give the folder of a Space"):
        plan_space(space, "user/s", wheel=tmp_path / WHEEL)
