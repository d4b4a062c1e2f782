import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

OF_EXTRAS = {"onnxruntime", "skops", "pytorch_optimizer", "segmentation_models_pytorch", "trackio", "wandb"}
"""What is imported where it is used, and may be missing."""


def normal(name):
    """The name of a distribution as an index compares it."""
    return re.sub(r"[-_.]+", "_", name).lower()


def project_of(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def bounds_of(requirements):
    """Distribution -> lower bound, of lines of which each must have one."""
    found = {line: re.match(r"([\w-]+)(?:\[.*\])?>=([\d.]+)", line) for line in requirements}
    assert all(found.values()), [line for line, match in found.items() if not match]
    return {normal(match[1]): match[2] for match in found.values()}


def test_the_oldest_versions_that_are_tested_are_those_that_are_allowed(root):
    project = project_of(root)
    installed = re.search(r"constraints-lowest\.txt .*?'\.\[(.*?)\]'", (root / "Makefile").read_text(), re.DOTALL)
    extras = [line for name in installed[1].split(",") for line in project["optional-dependencies"][name]]
    pinned = dict(re.findall(r"^([\w-]+)==([\d.]+)$", (root / "constraints-lowest.txt").read_text(), re.MULTILINE))
    lowest = {normal(name): numbers(version) for name, version in pinned.items()}
    bounds = {name: numbers(version) for name, version in bounds_of([*project["dependencies"], *extras]).items()}
    assert {name: found for name, found in lowest.items() if bounds.get(name) != found} == {}
    assert bounds.keys() == lowest.keys()


def numbers(version):
    """1.0 and 1.0.0 alike."""
    return tuple(map(int, re.sub(r"(\.0)+$", "", version).split(".")))


def test_what_the_package_imports_is_declared(root):
    project = project_of(root)
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    always, all_of_them = bounds_of(project["dependencies"]), bounds_of([*project["dependencies"], *extras])
    distributions = packages_distributions()
    for name in imported(root / "src" / "abstain") - sys.stdlib_module_names - {"abstain"}:
        declared = all_of_them if name in OF_EXTRAS else always
        assert {normal(one) for one in distributions.get(name, [name])} & declared.keys(), f"{name} is not declared"


def imported(package):
    """The packages of all modules that the files of `package` import."""
    nodes = [node for path in package.rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    froms = {node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    return froms | {name.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for name in node.names}


def test_every_kept_run_brings_its_samples(root):
    """Runs of version 0.1.0 had none, and pixels have none."""
    import json

    for path in (root / "model_cards").glob("*/results.json"):
        run = json.loads(path.read_text())
        if run["environment"]["abstain"] != "0.1.0" and "n_images" not in run["evaluation"]:
            assert (path.parent / "samples.parquet").is_file(), path.parent.name
