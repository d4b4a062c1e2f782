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
CASES = {
    "a split": ("someone/predictions", {"split": "test"}, [300, 300]),
    "of a revision": ("someone/predictions", {"split": "test", "revision": "v1"}, [100, 100]),
    "a file": (FILE.format(""), {}, [300, 300]),
    "a file of a revision": (FILE.format("@v1"), {}, [100, 100]),
    "a file with its revision apart": (FILE.format(""), {"revision": "v1"}, [100, 100]),
    "several splits": ("someone/predictions", {}, "holds the splits test, validation: name one"),
    "no such split": ("someone/predictions", {"split": "dev"}, "dev"),
    "no such revision": ("someone/predictions", {"split": "test", "revision": "v9"}, "v9"),
    "no such data set": ("someone/other", {"split": "test"}, "doesn't exist on the Hub"),
}


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
    asked = json.dumps([(source, told) for source, told, _ in CASES.values()])
    with data_set_hub(folder / "hub") as address:
        online = {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0", "HF_HOME": str(folder / "home")}
        command = [sys.executable, "-c", READ, asked]
        finished = subprocess.run(command, capture_output=True, text=True, env=os.environ | online)
    assert finished.returncode == 0, finished.stderr
    return dict(zip(CASES, map(json.loads, finished.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_a_name_on_the_hub_is_read_or_refused_in_one_sentence(answers, case):
    expected = CASES[case][-1]
    if isinstance(expected, list):
        assert answers[case] == expected
    else:
        assert expected in answers[case] and "\n" not in answers[case]
