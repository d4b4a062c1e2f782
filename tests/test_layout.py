import ast
import subprocess
import sys

import pytest

import abstain

# Lower layers know nothing of higher ones: a module may import only from layers before its own.
LAYERS = [
    line.split()
    for line in """
        parts
        _checks
        error_blocks extraction_batch fingerprint groups image_decoding image_processing influence json_file losses
        released scores
        bootstrap models.small_image_classifier packed_sort
        curve
        binned_curve difference one_call threshold
        calibration data extract image_files images logit_norm logits_dataset masks pixels sketch tensor_rows
        models.cifar_resnet models.deeplabv3plus models.densenet_bc models.lstm_text_classifier models.tabular_mlp
        image_splits logits_file metric_inputs models.classifiers registration report sharded_extraction tables text
        metric_results model_inputs models
        metric pixel_inputs
        abstention plots training.arguments training.backbone training.recipe training.restore training.sam
        training.statistics
        results_folder
        training.run training.evaluating
        training.trainer
        training.experiment
        training
        quickstart
        cli
    """.strip().splitlines()
]
PUBLIC_MODULES = set(
    "data image_splits images logits_file losses masks metric model_inputs models pixel_inputs sharded_extraction "
    "tables text training".split()
)
RANK = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}


def module_name(path, package):
    return ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__")


def imported_from_abstain(path):
    """The modules of abstain that a file imports, and the names it takes from abstain itself."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "abstain":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("abstain."):
            yield node.module.removeprefix("abstain.")
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("abstain.") for alias in node.names if alias.name.startswith("abstain.")
            )


def test_imports_run_one_way(root):
    package = root / "src" / "abstain"
    modules = {module_name(path, package): path for path in package.rglob("*.py")}
    modules.pop("__init__")  # the table of the public names, which points everywhere
    assert set(modules) == set(RANK), "every module has its layer"
    for module, path in modules.items():
        for imported in imported_from_abstain(path):
            assert RANK[imported] < RANK[module], f"{module} imports {imported}"


@pytest.mark.parametrize("folder", ["metrics", "training_scripts"])
def test_metrics_and_scripts_use_public_names_only(root, folder):
    files = list((root / folder).rglob("*.py"))
    assert files
    for path in files:
        for imported in imported_from_abstain(path):
            assert imported in abstain.__all__ or imported in PUBLIC_MODULES
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("abstain"):
                assert not any(alias.name.startswith("_") for alias in node.names)


def test_every_public_name_exists_and_has_a_docstring():
    for name in abstain.__all__:
        assert getattr(abstain, name).__doc__
    assert dir(abstain) == sorted(abstain.__all__)
    with pytest.raises(AttributeError, match="no attribute 'aurk'"):
        abstain.aurk  # noqa: B018


def test_neither_the_package_nor_its_curves_wait_for_torch():
    program = "import sys, abstain; abstain.aurc([0.9, 0.1], [0, 1]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_nothing_that_can_run_code_is_written_or_read(root):
    for folder in ("src", "metrics", "training_scripts"):
        for path in (root / folder).rglob("*.py"):
            source = path.read_text()
            for forbidden in ("import pickle", "torch.load(", "torch.save(", "trust_remote_code"):
                assert forbidden not in source, f"{path}: {forbidden}"
