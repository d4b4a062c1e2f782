import numpy as np
import pytest

from abstain import write_logits


@pytest.fixture
def run(tmp_path):
    """60 images of 40 pixels each, of which most of an image is right or wrong together."""
    generator = np.random.default_rng(0)
    hard = np.repeat(generator.random(60) < 0.3, 40)
    wrong = generator.random(2400) < np.where(hard, 0.6, 0.05)
    labels = generator.integers(3, size=2400)
    logits = generator.normal(size=(2400, 3))
    answers = np.where(wrong, (labels + 1) % 3, labels)
    logits[np.arange(2400), answers] += 6 - 3 * wrong
    write_logits(tmp_path / "run" / "logits", "test", logits, labels, sample=np.repeat(np.arange(60), 40))
    return tmp_path / "run"


def test_clusters_and_a_bootstrap_of_images_agree_and_single_pixels_do_not(program, run, monkeypatch):
    module = program("image_bootstrap")
    monkeypatch.setattr(module, "DRAWS", 300)
    found = module.measure(run)
    assert (found["n_samples"], found["n_images"]) == (2400, 60)
    for name in ("risk", "aurc", "augrc"):
        ends = found["numbers"][name]
        by_clusters, by_bootstrap, alone = (np.ptp(ends[how]) for how in ("clusters", "bootstrap", "independent"))
        assert ends["clusters"][0] < ends["value"] < ends["clusters"][1]
        assert by_clusters == pytest.approx(by_bootstrap, rel=0.25) and by_clusters > 2 * alone, name


def test_a_row_is_shown_for_each_number_of_each_run(program):
    module = program("image_bootstrap")
    ends = {"value": 0.1, "clusters": [0.05, 0.2], "bootstrap": [0.06, 0.21], "independent": None}
    page = module.section({"mine": {"n_samples": 1000, "n_images": 10, "numbers": {"coverage": ends}}}, {})
    assert "1,000 pixels of 10 images" in page
    cells = [cell.strip() for cell in page.splitlines()[-1].split("|")[1:-1]]
    assert cells == ["mine", "Cov@5", "10.000", "[5.000, 20.000]", "[6.000, 21.000]", "–"]
