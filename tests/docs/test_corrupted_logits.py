import numpy as np
import pytest

from abstain import released_checkpoint


@pytest.fixture(scope="module")
def docs(program):
    return program("corrupted_logits")


def test_cells_are_clean_images_and_all_transforms_at_all_severities(docs):
    found = list(docs.cells())
    assert found[0] == docs.CLEAN and len(found) == 26
    assert {severity for _, _, severity in found[1:]} == {1, 2, 3, 4, 5}


def test_what_is_kept_is_not_made_again(docs, tmp_path, monkeypatch):
    labels = np.arange(3)
    monkeypatch.setattr(docs.corrupted, "images_and_labels", lambda folder, n, seed: ([], labels[:n]))
    for cell in docs.cells():
        path = docs.file_of(tmp_path, "mine", cell)
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert docs.make_logits(("mine",), tmp_path, tmp_path, 3).tolist() == [0, 1, 2]


def test_the_rule_is_that_of_the_checkpoint(docs):
    name = "resnet20_cifar10_ls"
    assert docs.rule_of(name).operating_point.guaranteed
    assert (released_checkpoint(name) / "abstention.json").exists()
