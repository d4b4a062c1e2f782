"""Every wrong input ends in one sentence: no traceback, no error of a library, no number."""

import re
import sys

import numpy as np
import pytest
from wrong_inputs import CASES, COMMANDS, FILES, METRIC, SKETCH, UPLOADS, flipped, write_sources

from abstain import InputError, RiskCoverageSketch, cli, read_logits, write_logits
from abstain.logits import read_predictions


def is_one_sentence(message, at_most=400):
    return "\n" not in message and 15 < len(message) < at_most


CALLS = [*CASES, *((f"metric: {name}", call, said) for name, call, said in METRIC)]


@pytest.mark.parametrize(("call", "said"), [case[1:] for case in CALLS], ids=[case[0] for case in CALLS])
def test_a_wrong_input_ends_in_one_sentence(call, said):
    with pytest.raises(InputError) as caught:
        call()
    assert said in str(caught.value) and is_one_sentence(str(caught.value))


@pytest.mark.parametrize(("name", "content", "said"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_a_wrong_file_ends_in_one_sentence(tmp_path, monkeypatch, name, content, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        read_predictions(name)
    assert is_one_sentence(str(caught.value), 600)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    write_sources(folder)
    return folder


def everything(folder):
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize(("typed", "status", "said"), COMMANDS, ids=[" ".join(case[0])[:80] for case in COMMANDS])
def test_a_wrong_command_ends_in_one_sentence_and_writes_nothing(sources, monkeypatch, capsys, typed, status, said):
    monkeypatch.chdir(sources)
    monkeypatch.setattr(sys, "argv", ["abstain", *typed])
    before = everything(sources)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    printed = capsys.readouterr()
    assert stopped.value.code == status and not printed.out
    *used, sentence = printed.err.splitlines()
    of_typer = "─ Error ─" in printed.err
    assert re.search(re.escape(said), re.sub("[│ \n]+", " ", printed.err))
    assert of_typer or (is_one_sentence(sentence, 700) and all(": label" in line or ": conf" in line for line in used))
    assert everything(sources) == before


@pytest.mark.parametrize(("files", "said"), UPLOADS.values(), ids=UPLOADS)
def test_a_wrong_upload_ends_in_one_sentence(tmp_path, files, said):
    analysis = pytest.importorskip("analysis")  # of the page, whose folder stands in the path of the tests
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found, sentence = analysis.answer(analysis.measure_upload, [str(tmp_path / name) for name in files])
    assert found is None and re.search(said, sentence)
    assert is_one_sentence(sentence, 600) and str(tmp_path) not in sentence


def test_the_table_is_long_and_says_nothing_twice():
    for table, at_least in ((CASES, 600), (METRIC, 40), (COMMANDS, 80), (FILES, 100), (list(UPLOADS.items()), 20)):
        names = [str(case[0]) for case in table]
        assert len(names) >= at_least and len(set(names)) == len(names)


def test_damaged_logits_are_refused_or_are_the_same(tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    content = write_logits(tmp_path, "good", logits, labels).read_bytes()
    refused = 0
    for damaged in [content[:n] for n in range(0, len(content), 499)] + list(flipped(content, times=200)):
        (tmp_path / "bad.parquet").write_bytes(damaged)
        for read in (lambda: read_logits(tmp_path, "bad"), lambda: _values(tmp_path / "bad.parquet")):
            try:
                found, classes = read()
                assert np.array_equal(found, logits) and np.array_equal(classes, labels)
            except InputError as error:
                assert is_one_sentence(str(error), 600)
                refused += 1
    assert refused > 300


def _values(path):
    predictions = read_predictions(path)
    return predictions.values.numpy(), predictions.labels


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x89PNG\r\n", b"PK\x03\x04", b"\x80\x04}."])
def test_a_foreign_file_is_no_sketch(tmp_path, content):
    (tmp_path / "sketch.npz").write_bytes(content)
    with pytest.raises(InputError, match="is no sketch, or is damaged"):
        RiskCoverageSketch.load(tmp_path / "sketch.npz")


def test_a_damaged_sketch_is_refused_or_is_the_same(tmp_path):
    path = SKETCH.save(tmp_path / "sketch.npz")
    content = path.read_bytes()
    for damaged in [content[:n] for n in range(0, len(content), 97)] + list(flipped(content, times=100)):
        path.write_bytes(damaged)
        try:
            assert RiskCoverageSketch.load(path) == SKETCH  # a bit that means nothing
        except InputError as error:
            assert "is no sketch, or is damaged" in str(error)


def test_arrays_that_are_no_sketch(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(3))
    np.savez(tmp_path / "b.npz", a=1)
    for name in ("a.npy", "b.npz"):
        with pytest.raises(InputError, match="is no sketch, or is damaged"):
            RiskCoverageSketch.load(tmp_path / name)
