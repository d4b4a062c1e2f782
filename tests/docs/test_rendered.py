import re
import subprocess
import sys

import pytest

PROGRAMS = """
    render results scale scores thresholds monitoring recipes mechanism diagnosis shift segmentation intervals
    conventions architecture
""".split()
"""Those of `make docs` whose pages no other test holds against their numbers."""


@pytest.mark.parametrize("program", [f"{name}.py" for name in PROGRAMS])
def test_pages_say_what_the_files_behind_them_say(root, program):
    if program == "scale.py":
        pytest.importorskip("segmentation_models_pytorch", reason="needs the extra `segmentation`")
    command = [sys.executable, f"docs/{program}", "--check"]
    checked = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_the_readme_is_short_before_its_reference_part(root):
    text = (root / "README.md").read_text(encoding="utf-8").split("## Train your own")[0]
    assert len([word for word in text.split() if any(letter.isalpha() for letter in word)]) < 500


def test_links_of_the_readme_lead_somewhere(root):
    links = re.findall(r"\]\(([^)]+)\)", (root / "README.md").read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert link.startswith("https://") or (root / link).exists(), link
