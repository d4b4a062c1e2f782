import re
import tomllib


def test_the_oldest_versions_that_are_tested_are_those_that_are_allowed(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for name in ("dask", "sam", "segmentation") for line in extras[name])]
    bounds = dict(re.match(r"([\w-]+)(?:\[.*\])?>=([\d.]+)", line).groups() for line in wanted)
    pinned = dict(re.findall(r"^([\w-]+)==([\d.]+)$", (root / "constraints-lowest.txt").read_text(), re.MULTILINE))

    def normal(versions):
        return {name.lower().replace("-", "_"): tuple(map(int, of.split("."))) for name, of in versions.items()}

    lowest = normal(pinned)
    for name, bound in normal(bounds).items():
        assert lowest[name][: len(bound)] == bound and not any(lowest[name][len(bound) :]), name


def test_every_kept_run_brings_its_samples(root):
    """Runs of version 0.1.0 had none, and pixels have none."""
    import json

    for path in (root / "model_cards").glob("*/results.json"):
        run = json.loads(path.read_text())
        if run["environment"]["abstain"] != "0.1.0" and "n_images" not in run["evaluation"]:
            assert (path.parent / "samples.parquet").is_file(), path.parent.name
