import re
import subprocess
import sys


def test_readme_and_cards_say_what_the_result_files_say(root):
    checked = subprocess.run([sys.executable, "docs/render.py", "--check"], cwd=root, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_the_readme_is_short_before_its_reference_part(root):
    text = (root / "README.md").read_text(encoding="utf-8").split("## Train your own")[0]
    assert len([word for word in text.split() if any(letter.isalpha() for letter in word)]) < 500


def test_links_of_the_readme_lead_somewhere(root):
    links = re.findall(r"\]\(([^)]+)\)", (root / "README.md").read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert link.startswith("https://") or (root / link).exists(), link
