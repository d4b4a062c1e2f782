"""The blocks of code of the pages for users: they run, and the pages show what they print."""

import dataclasses
import re
import shlex

import pytest
import typer.main

from abstain.cli import app

COMMANDS = typer.main.get_command(app).commands
PAGE = """
```python
x = 2
print(x)
```

```text
3
```

```sh
echo $((1 + 1)) > made; cat made
```

<!-- not run: it would not end -->
```python
while True: pass
```

```python
from pathlib import Path

print(x)
print(Path("made").read_text())
```

<!-- varies -->
```text
about
so
many
```
"""


@pytest.fixture(scope="module")
def blocks(program):
    return program("code_blocks")


def test_every_page_shows_what_its_blocks_print(blocks, root):
    started = blocks.processor_seconds()
    for path, text in blocks.rendered(root / "docs").items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date, run `make docs`"
    assert blocks.processor_seconds() - started < 120


def test_the_tutorial_takes_less_than_ten_minutes(root):
    said = (root / "docs" / "tutorial.md").read_text().split("<!-- begin: minutes -->")[1].split("<!-- end")[0]
    reading, running = map(int, re.findall(r"(\d+) minute", said))
    assert reading + running < 10


def test_every_page_for_users_is_run(blocks, root):
    docs = root / "docs"
    found = [
        path.relative_to(docs).as_posix() for room in ("how_to", "explanation") for path in (docs / room).glob("*")
    ]
    assert {*blocks.PAGES} == {"tutorial.md", *found}


def test_what_a_page_shows_is_made_anew_where_it_is_the_same_everywhere(blocks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert blocks.run_page("page.md", PAGE) == PAGE.replace("```text\n3\n", "```text\n2\n")
    empty = PAGE.replace("about\nso\nmany\n", "")
    for text, anew in ((empty, False), (PAGE, True)):
        assert blocks.run_page("page.md", text, anew=anew).endswith("<!-- varies -->\n```text\n2\n2\n\n```\n")


def test_a_command_that_fails_says_where_and_why(blocks):
    with pytest.raises(SystemExit, match=r"^page.md fails: .*no_such_command"):
        blocks.run_shell("no_such_command --now", "page.md")
    with pytest.raises(SystemExit, match=r"page\.md fails: .*no_such_command"):
        blocks.run_shell("no_such_command --now | head -n 5", "page.md")


def test_the_minutes_are_whole_and_rounded_up(blocks):
    assert blocks.how_long("word " * 401, 59) == (
        "To read it takes about 3 minutes, to run it less than 1 minute of processor time."
    )


def commands_of(text):
    lines = text.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line.split(" | ")[0], comments=True))]


def options_of(words):
    return [word.partition("=")[0] for word in words if word.startswith("--")]


def check_command(words, root, load_script):
    """A command's verb, files and options exist; `accelerate launch` and `torchrun` have some of their own."""
    if words[0] == "abstain":
        known = {name for option in COMMANDS[words[1]].params for name in (*option.opts, *option.secondary_opts)}
        assert {*options_of(words)} <= known, words
    elif words[0] in ("python", "torchrun", "accelerate"):
        (place,) = (i for i, word in enumerate(words) if re.fullmatch(r"training_scripts/\w+\.py", word))
        arguments = load_script(words[place].split("/")[1].removesuffix(".py")).ARGUMENTS
        known = {f"--{field.name}" for kind in arguments for field in dataclasses.fields(kind)}
        assert {*options_of(words[place:])} <= known, words
        assert all((root / word).exists() for word in words if word.startswith("training_scripts/"))
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", (root / "Makefile").read_text(), flags=re.MULTILINE), words
    else:
        assert words[0] in ("cd", "pip"), words


def test_what_is_not_run_and_the_readme_name_what_there_is(blocks, root, load_script):
    pages = [root / "README.md", *(root / "docs" / name for name in blocks.PAGES)]
    unrun = [
        block for path in pages for block in blocks.blocks_of(path.read_text()) if block.reason or path == pages[0]
    ]
    assert {block.language for block in unrun} == {"python", "sh"}
    for block in unrun:
        if block.language == "python":
            compile(block.code, "a page", "exec")
            continue
        for words in commands_of(block.code):
            check_command(words, root, load_script)


def test_few_blocks_are_not_run(blocks, root):
    every = [block for name in blocks.PAGES for block in blocks.blocks_of((root / "docs" / name).read_text())]
    assert sum(block.reason is None for block in every) > 2 * sum(block.reason is not None for block in every)
