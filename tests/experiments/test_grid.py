from pathlib import Path

import pytest

from abstain import InputError
from abstain.experiments.grid import read_grid, with_folders

GRID = """
seeds: 2
first: [[ls, ce]]
data_sets:
  digits: {script: train_a.py, recipe: mlp_digits.yaml, arguments: {max_samples: 9, flip: true, steps: [1, 2]}}
  tables: {script: train_b.py, recipe: mlp_tables.yaml, recipes: [ce, max, ls], seeds: 1}
recipes:
  ce: {}
  sam: {sam_rho: 0.1}
  max: {max_suppression_factor: {digits: 0.2, tables: 0.4}}
  ls: {label_smoothing_factor: {digits: 0.2}, max_samples: 8}
"""


def grid_of(folder, text=GRID):
    (folder / "grid.yaml").write_text(text)
    return read_grid(folder / "grid.yaml", scripts=Path("scripts"))


def test_the_wanted_recipes_come_first_with_every_seed_and_then_the_others_seed_by_seed(tmp_path):
    assert [run.name for run in grid_of(tmp_path)] == [
        *["mlp_digits_ls_s0", "mlp_digits_ce_s0", "mlp_tables_ce_s0", "mlp_digits_ls_s1", "mlp_digits_ce_s1"],
        *["mlp_digits_sam_s0", "mlp_digits_max_s0", "mlp_tables_max_s0", "mlp_digits_sam_s1", "mlp_digits_max_s1"],
    ]  # no ls of tables: it has no factor for them


def test_groups_come_one_after_the_other(tmp_path):
    runs = grid_of(tmp_path, GRID.replace("[[ls, ce]]", "[[max], [sam, ce]]"))
    digits = [run.name.removeprefix("mlp_digits_") for run in runs if run.data_set == "digits"]
    assert digits == [*["max_s0", "max_s1", "sam_s0", "ce_s0", "sam_s1", "ce_s1"], "ls_s0", "ls_s1"]


def test_a_run_has_the_arguments_of_its_data_set_and_its_recipe(tmp_path):
    runs = {run.name: run for run in with_folders(grid_of(tmp_path), {"tables": "../bank"})}
    recipe = str(Path("scripts/recipes/mlp_digits.yaml"))
    given = [recipe, "--max_samples", "8", "--flip", "true", "--steps", "1", "2", "--label_smoothing_factor", "0.2"]
    run = runs["mlp_digits_ls_s1"]
    assert (run.data_set, run.recipe, run.seed) == ("digits", "ls", 1)
    assert list(run.arguments) == [*given, "--seed", "1"]
    tables = runs["mlp_tables_max_s0"].command(Path("runs"))
    assert tables[1:3] == [str(Path("scripts/train_b.py")), str(Path("scripts/recipes/mlp_tables.yaml"))]
    given = ["--max_suppression_factor", "0.4", "--seed", "0", "--dataset_name", "../bank", "--output_dir"]
    assert tables[3:] == [*given, str(Path("runs/mlp_tables_max_s0"))]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("seeds: 2\n", "", r"a grid has the keys .*'data_sets'"),
        ("seeds: 2", "seeds: 0", "seeds is 0 in the grid"),
        ("[ls, ce]", "[lss]", "unknown recipe 'lss': did you mean 'ls'"),
        ("recipes: [ce, max, ls]", "recipes: [sum]", "unknown recipe 'sum': did you mean 'sam'"),
        ("first: [[ls, ce]]", "first: [ls, ce]", r"first is \['ls', 'ce'\] in the grid, but must be a list of lists"),
        ("script: train_a.py, ", "", "a data set of a grid has the keys"),
        ("sam_rho: 0.1", "sam_rho: null", "sam_rho is None in the grid"),
        ("ce: {}", "ce: 1", "the arguments of a recipe of the grid must be lines"),
        ("  ce: {}", "  ce: {}\n  ce: {}", "gives ce twice"),
        ("  ce: {}", "  ce: {}\n  1: {}", r"recipes of the grid must have names, .* not \['ce', 1"),
        ("  ce: {}", "  ce: {}\n  a/b: {}", "names, which are texts without a slash"),
        ("recipes: [ce, max, ls]", "recipes: ce", "recipes of the grid must have names, .* not 'ce'"),
        ("{max_samples: 9, flip: true, steps: [1, 2]}", "[max_samples]", "the arguments of a data set of the grid"),
        ("recipe: mlp_tables.yaml", "recipe: mlp_digits.yaml", "'digits' and 'tables' of the grid both have the run"),
    ],
)
def test_what_is_no_grid_is_refused(tmp_path, before, after, message):
    assert before in GRID
    with pytest.raises(InputError, match=message):
        grid_of(tmp_path, GRID.replace(before, after))


def test_a_grid_that_is_not_there_and_a_folder_for_no_data_set_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"the grid .* does not exist"):
        read_grid(tmp_path / "none.yaml", scripts=tmp_path)
    with pytest.raises(InputError, match="unknown data set 'table': did you mean 'tables'"):
        with_folders(grid_of(tmp_path), {"table": "."})
