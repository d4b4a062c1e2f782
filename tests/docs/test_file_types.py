import json
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

NEEDS = "needs the extra `examples`: Magika and its weights"


@pytest.fixture(scope="module")
def names(program):
    return program("file_type_names")


@pytest.fixture(scope="module")
def samples(program):
    return program("file_type_samples")


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_an_extension_is_taken_or_left_out_and_not_both(names):
    assert not set(names.EXTENSIONS) & set(names.LEFT_OUT)
    assert names.label_of("a.tar.GZ") == "gzip" and names.label_of("a.h") is names.label_of("Makefile") is None


def test_tests_and_caches_are_not_taken_nor_the_packages_twice(samples, tmp_path):
    packages = tmp_path / "lib" / "site-packages"
    files = ["lib/ast.py", "lib/test/broken.py", "lib/json/a.py", "lib/json/__pycache__/a.py", "lib/notes.txt"]
    inner = ["mine/a.py", "mine/deep/b.JS", "mine/tests/c.py", "mine-1.0.dist-info/d.py", "alone.py"]
    write(tmp_path, dict.fromkeys(files, b"x" * 20))
    write(packages, dict.fromkeys(inner, b"x" * 20))
    found = list(samples.find_files({tmp_path / "lib": True, packages: False}))
    where = {file.path.relative_to(tmp_path).as_posix(): (file.package, file.label) for file in found}
    standard = (samples.STANDARD_LIBRARY, "python")
    assert where == {
        "lib/ast.py": standard,
        "lib/json/a.py": standard,
        "lib/site-packages/mine/a.py": ("mine", "python"),
        "lib/site-packages/mine/deep/b.JS": ("mine", "javascript"),
    }


def test_no_package_and_no_extension_has_more_than_its_share(samples):
    files = [
        samples.File(Path(f"{package}/{at}{end}"), package, end, f"{at:03}{package}")
        for package, count in (("a", 9), ("b", 3), ("c", 1))
        for end in (".py", ".c")
        for at in range(count)
    ]
    chosen = samples.some_of_each(files, 3, 5)
    assert sorted(file.path.as_posix() for file in chosen if file.label == ".py") == [
        "a/0.py", "a/1.py", "b/0.py", "b/1.py", "c/0.py",
    ]  # fmt: skip
    assert len(chosen) == 10


def test_files_that_look_the_same_are_one_and_none_where_their_names_disagree(samples, tmp_path):
    same, other = b"a = 1  # of the first\n", b"b = 2  # of the second\n"
    write(tmp_path, {"p/a.py": same, "p/b.py": same, "q/c.py": other, "q/d.js": other, "q/e.py": b" tiny \n"})
    write(tmp_path, {"q/f.js": b"var alone = 1;"})
    found = samples.read_samples(samples.find_files({tmp_path: False}))
    assert sorted(zip(found.labels, found.packages, strict=True)) == [("javascript", "q"), ("python", "p")]
    assert (found.n_duplicates, found.n_contradictions) == (3, 2)
    again = samples.read_samples(samples.find_files({tmp_path: False}))
    assert found.is_test.dtype == bool and (found.is_test == again.is_test).all()


def test_the_model_sees_both_ends_without_white_space_and_padding_between(samples, tmp_path):
    write(tmp_path, {"short.py": b"\n  123456789 \n", "long.py": b" " * 10 + bytes(range(33, 43)) * 1000 + b"end \n"})
    short, long = (samples.model_input(tmp_path / name) for name in ("short.py", "long.py"))
    assert bytes(short[:11].astype(np.uint8)) == b"123456789 \n" and set(short[11:1024]) == {samples.PADDING}
    assert bytes(short[-12:].astype(np.uint8)) == b"\n  123456789" and set(short[1024:-12]) == {samples.PADDING}
    assert long[0] == 33 and samples.PADDING not in long and bytes(long[-3:].astype(np.uint8)) == b"end"


def test_the_page_says_what_the_file_says_and_what_is_missing_for_a_guarantee(root, program):
    module = program("file_types")
    found = json.loads(module.FOUND.read_text(encoding="utf-8"))
    page = module.render(found)
    assert module.PAGE.read_text(encoding="utf-8") == page, "run `python docs/file_types.py`"
    assert f"{found['files']:,} files of {found['packages']}" in page
    assert sum(of["files"] for of in found["types"].values()) == found["test"]["samples"]
    assert sum(of["errors"] for of in found["types"].values()) == found["test"]["errors"]
    changed = found | {"rules": found["rules"] | {"a guarantee": {"missing": "300 more files"}}}
    assert "No threshold is guaranteed: 300 more files." in module.render(changed)
    for ending in [*program("file_type_names").EXTENSIONS, *program("file_type_names").LEFT_OUT]:
        assert f"| `{ending}` " in page


def test_its_own_table_gives_an_extension_the_class_that_we_do_and_no_other(names, program):
    magika = pytest.importorskip("magika", reason=NEEDS)
    table = json.loads((Path(magika.__file__).parent / "config" / "content_types_kb.min.json").read_text())
    known = json.loads((program("file_types").model_folder() / "config.min.json").read_text())["target_labels_space"]
    of_extension = {}
    for name in known:
        for ending in table[name]["extensions"]:
            of_extension.setdefault(f".{ending}", set()).add(name)
    for ending, label in names.EXTENSIONS.items():
        assert of_extension[ending] == {label}, ending


def test_logits_and_its_rule_are_those_of_its_own_program(program, samples, tmp_path):
    magika = pytest.importorskip("magika", reason=NEEDS)
    module, logits_of = program("file_types"), program("onnx_logits").logits_of
    standard = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted(standard.glob("*.py"))[:20] + sorted(standard.glob("pydoc_data/*.css"))
    write(tmp_path, {"odd.yaml": b"key: value\nother\n", "few.csv": b"a b c d e f\n1 2 3\n", "lines.js": b"x" * 5000})
    paths += [tmp_path / name for name in ("odd.yaml", "few.csv", "lines.js")]
    logits = logits_of(module.model_folder() / "model.onnx", "bytes", np.array([samples.model_input(p) for p in paths]))
    config = json.loads((module.model_folder() / "config.min.json").read_text())
    names = config["target_labels_space"]
    answers = module.own_rule((logits, None), names, config)
    probability = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability = (probability / probability.sum(axis=1, keepdims=True)).max(axis=1)
    theirs = [result.prediction for result in magika.Magika().identify_paths(paths)]
    assert [str(one.dl.label) for one in theirs] == [names[at] for at in logits.argmax(axis=1)]
    np.testing.assert_allclose(probability, [one.score for one in theirs], atol=1e-5)
    low = magika.types.OverwriteReason.LOW_CONFIDENCE
    assert (~answers).tolist() == [one.overwrite_reason == low for one in theirs] and 0 < answers.sum() < len(paths)


def test_a_small_installation_is_measured_from_end_to_end(program, samples, monkeypatch, tmp_path):
    pytest.importorskip("magika", reason=NEEDS)
    module, others = program("file_types"), program("other_models")
    standard = Path(sysconfig.get_paths()["stdlib"]).resolve()
    monkeypatch.setattr(module, "roots", lambda: {standard / "json": False, standard / "encodings": False})
    monkeypatch.setattr(module, "find_files", lambda folders: _of_two_packages(samples, folders))
    monkeypatch.setattr(others, "KEPT", tmp_path / "others.json")
    monkeypatch.setattr(module, "FOUND", tmp_path / "file_types.json")
    monkeypatch.setattr(module, "PAGE", tmp_path / "file_types.md")
    monkeypatch.setattr("pages.ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["file_types.py", "--measure"])
    module.main()
    found = json.loads((tmp_path / "file_types.json").read_text())
    assert found["test"]["samples"] + found["validation"] == found["files"] > 50 and found["packages"] == 2
    (row,) = others.kept()
    assert row["name"].startswith("Magika ") and row["classes"] == 214 and 0 <= row["error"] < 0.5
    assert f"{found['files']} files of 2" in " ".join((tmp_path / "file_types.md").read_text().split())


def _of_two_packages(samples, folders):
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            yield samples.File(path, folder.name, "python", path.name)
