import re
import subprocess
import sys

import pytest

import abstain

REPOSITORY = "https://example.org/abstain"


@pytest.fixture(scope="module")
def site(program):
    return program("site_pages")


@pytest.mark.parametrize(
    ("link", "source", "made"),
    [
        ("[a](docs/scores.md)", "README.md", "[a](scores.md)"),
        ("[a](scores.md#b)", "docs/tutorial.md", "[a](scores.md#b)"),
        ("[a](../scores.md)", "docs/how_to/own_model.md", "[a](../scores.md)"),
        ("[`src`](../src)", "docs/architecture.md", f"[`src`]({REPOSITORY}/blob/main/src)"),
        ("[a](sketch_dask.py)", "docs/sketch.md", f"[a]({REPOSITORY}/blob/main/docs/sketch_dask.py)"),
        ("[a](nowhere.md) [b](#here) [c](https://x.org)", "README.md", "[a](nowhere.md) [b](#here) [c](https://x.org)"),
        ("```text\n[a](docs)\n```\n[a](docs)", "README.md", f"```text\n[a](docs)\n```\n[a]({REPOSITORY}/blob/main/docs)"),  # noqa: E501
    ],
)  # fmt: skip
def test_links_lead_to_pages_or_to_the_repository(site, link, source, made):
    assert site.with_links(link, source, {"docs/scores.md"}, REPOSITORY) == made


def test_without_an_address_a_link_out_of_the_site_is_text(site):
    assert site.with_links("see [`src`](../src).", "docs/architecture.md", set(), "") == "see `src`."


def test_every_public_name_stands_in_the_reference_once(site):
    told = [
        name for room in ("abstain", *site.ROOMS) for name in re.findall(r"^::: (\S+)$", site.reference(room), re.M)
    ]
    assert len(told) == len(set(told)) and {f"abstain.{name}" for name in abstain.__all__ if name != "scores"} <= set(
        told
    )
    assert "[`diagnose`][abstain.diagnose]" in site.reference("audit") and "::: abstain.audit.diagnose" not in told
    assert "abstain.scores.SCORES" in told


def test_the_command_line_is_what_the_commands_say(site):
    page = site.command_line()
    for command in ("abstain audit", "abstain threshold", "abstain predict"):
        assert f"## `{command}`\n\n```text\nUsage: {command} [OPTIONS]" in page.replace(
            "```text\n Usage", "```text\nUsage"
        )
    assert "--target-risk" in page


def test_every_page_is_in_the_table_of_contents(root, site):
    places = re.findall(r": (\S+\.md)$", (root / "mkdocs.yml").read_text(), re.M)
    written = {path.relative_to(root / "docs").as_posix() for path in (root / "docs").rglob("*.md")}
    made = {"index.md", "reference/command_line.md", *(f"reference/{room}.md" for room in ("abstain", *site.ROOMS))}
    assert set(places) == written | made and len(places) == len(set(places))


@pytest.mark.release
def test_the_site_is_built_and_loads_nothing_from_elsewhere(root, tmp_path):
    pytest.importorskip("mkdocstrings", reason="needs the extra `site`")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        assert not re.search(r'<(script|img|link rel="stylesheet")[^>]*(src|href)="(https?:)?//', page.read_text())
    assert "msp(logits" in re.sub(r"<[^>]+>", "", (tmp_path / "reference" / "scores" / "index.html").read_text())
