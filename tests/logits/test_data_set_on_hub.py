import json
import os
import subprocess
import sys

import pytest
from data_set_hub import data_set_hub
from random_logits import random_case

from abstain import write_logits

READ = """
import json, sys
from abstain import InputError, read_predictions
from abstain.logits import read_or_open

for source, told in json.loads(sys.argv[1]):
    try:
        found = [len(read(source, **told)) for read in (read_predictions, read_or_open)]
    except InputError as error:
        found = str(error)
    print(json.dumps(found))
"""
FILE = "hf://datasets/someone/predictions{}/data/test-00000-of-00001.parquet"
CONFIGS = """---
configs:
- config_name: ce
  data_files: [{split: test, path: ce/test-*}]
- config_name: ls
  data_files: [{split: test, path: ls/test-*}]
---
"""
CASES = {
    "a configuration": ("someone/logits", {"split": "test", "config_name": "ls"}, [100, 100]),
    "several configurations": (
        "someone/logits",
        {"split": "test"},
        "'someone/logits' has the configurations 'ce', 'ls', but none is named: give one as config_name",
    ),
    "no such configuration": (
        "someone/logits",
        {"config_name": "LS"},
        "'someone/logits' has the configurations 'ce', 'ls', but 'LS' is named: give one as config_name",
    ),
    "a file has no configuration": (
        FILE.format(""),
        {"config_name": "ls"},
        "is one file, but a configuration is named: leave out config_name",
    ),
    "a path has no configuration": (".", {"config_name": "ls"}, "a configuration is given, but '.' is a path: only a"),
    "a split": ("someone/predictions", {"split": "test"}, [300, 300]),
    "of a revision": ("someone/predictions", {"split": "test", "revision": "v1"}, [100, 100]),
    "a file": (FILE.format(""), {}, [300, 300]),
    "a file of a revision": (FILE.format("@v1"), {}, [100, 100]),
    "a file with its revision apart": (FILE.format(""), {"revision": "v1"}, [100, 100]),
    "several splits": ("someone/predictions", {}, "holds the splits test, validation: name one"),
    "some rows of a split": ("someone/predictions", {"split": "test[:20]"}, [20, 20]),
    "a file with the same revision twice": (FILE.format("@v1"), {"revision": "v1"}, [100, 100]),
    "no such split": (
        "someone/predictions",
        {"split": "dev"},
        "the data set 'someone/predictions' has no split 'dev': choose from test, validation",
    ),
    "no such revision": (
        "someone/predictions",
        {"split": "test", "revision": "v9"},
        "the data set 'someone/predictions' on the Hub has no revision 'v9': give one of its branches",
    ),
    "no such data set": ("someone/other", {"split": "test"}, "'someone/other' is neither a file or folder here nor to"),
    "a file of no such data set": ("hf://datasets/someone/other/a.csv", {}, "it does not exist there, or not for you"),
    "two revisions": (
        FILE.format("@v1"),
        {"revision": "main"},
        """names the revision 'v1', but revision="main" is given: give one""",
    ),
    "no such file": (
        FILE.format("").replace("test", "tset"),
        {},
        "the data set 'someone/predictions' on the Hub has no file 'data/tset-00000-of-00001.parquet', but "
        "data/test-00000-of-00001.parquet",
    ),
    "no such file of a revision": (
        "hf://datasets/someone/predictions@v1/a.csv",
        {},
        "has no file 'a.csv' at the revision 'v1', but data/test-00000-of-00001.parquet, data/validation-00000-",
    ),
    "a file of no such revision": (FILE.format("@v7"), {}, "the data set 'someone/predictions' on the Hub has no revi"),
    "a file has no split": (FILE.format(""), {"split": "test"}, "is one file, but a split is named: leave out split="),
    "a model": ("hf://models/someone/predictions", {}, "'hf://models/someone/predictions' names no data set on the"),
}
WITHOUT_NETWORK = [
    ("nobody/nothing", {"split": "test"}),
    ("hf://datasets/nobody/nothing/a.csv", {}),
    (FILE.format("@v1"), {}),
    ("hf://datasets/someone/predictions@v1", {"split": "test"}),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What each case gives, of a Hub that holds one data set as `push_to_hub` lays the files."""
    folder, (logits, labels) = tmp_path_factory.mktemp("hub"), random_case(300)
    for revision, n in {"main": 300, "v1": 100}.items():
        data = folder / "hub" / "someone" / "predictions" / revision / "data"
        for split in ("test", "validation"):
            written = write_logits(folder / revision, split, logits[:n], labels[:n])
            data.mkdir(parents=True, exist_ok=True)
            written.rename(data / f"{split}-00000-of-00001.parquet")
    with_configs = folder / "hub" / "someone" / "logits" / "main"
    for name, n in {"ce": 300, "ls": 100}.items():
        written = write_logits(folder / name, "test", logits[:n], labels[:n])
        (with_configs / name).mkdir(parents=True)
        written.rename(with_configs / name / "test-00000-of-00001.parquet")
    (with_configs / "README.md").write_text(CONFIGS)
    with data_set_hub(folder / "hub") as address:
        online = {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0", "HF_HOME": str(folder / "home")}
        finished = read([case[:2] for case in CASES.values()], online)
    assert finished.returncode == 0, finished.stderr
    unreached = read(WITHOUT_NETWORK, online)  # whose server is gone
    assert unreached.returncode == 0, unreached.stderr
    lines = finished.stdout + unreached.stdout
    names = [*CASES, *(f"without a network, {source}" for source, _ in WITHOUT_NETWORK)]
    found = dict(zip(names, map(json.loads, lines.splitlines()), strict=True))
    return found | {"said of no network": unreached.stderr}


def read(cases, environment):
    """What a process of its own reads of these cases."""
    command = [sys.executable, "-c", READ, json.dumps(cases)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)


@pytest.mark.parametrize("case", CASES)
def test_a_name_on_the_hub_is_read_or_refused_in_one_sentence(answers, case):
    expected = CASES[case][-1]
    if isinstance(expected, list):
        assert answers[case] == expected
    else:
        assert expected in answers[case] and "\n" not in answers[case]


def test_without_a_network_no_other_revision_is_read(answers):
    said = answers["without a network, hf://datasets/someone/predictions@v1"]
    assert said.startswith("the revision 'v1' of 'someone/predictions' cannot be told from others that are kept here")


def test_without_a_network_it_is_said_at_once_and_once(answers):
    """The client itself would try for half a minute, with a line of its own each time."""
    for source in ("nobody/nothing", "hf://datasets/nobody/nothing/a.csv"):
        assert answers[f"without a network, {source}"] == (
            f"{source!r} is neither a file or folder here nor to be had from the Hub, which is not reached (there is "
            "no network): give a path that exists, or try again with a network"
        )
    assert "etry" not in answers["said of no network"]
    assert answers["without a network, " + FILE.format("@v1")] == [100, 100]  # it was read before, and is kept
