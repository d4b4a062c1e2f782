import io
import time

import numpy as np
import pytest
from PIL import Image
from tiny_trainers import arguments, small_vit
from transformers import TrainerCallback
from transformers.integrations import TensorBoardCallback

from abstain import SelectiveTrainer, risk_coverage_curve
from abstain.report.figures import curve_figure
from abstain.report.pictures import pixels_of
from abstain.training.pictures import log_curve

CHANGES = {"num_train_epochs": 2, "eval_strategy": "epoch", "logging_steps": 3}


class Kept(TensorBoardCallback):
    """A tracker of transformers' whose writer keeps what it is given, or cannot take pictures."""

    class Writer:
        def __init__(self, broken):
            self.broken, self.taken = broken, []

        def add_image(self, name, picture, step, dataformats):
            if self.broken:
                raise AttributeError("this writer takes no pictures")
            self.taken.append((name, picture, step, dataformats))

        def flush(self):
            pass

    def __init__(self, broken=False):
        self.tb_writer = self.Writer(broken)


@pytest.fixture
def curve():
    return risk_coverage_curve(-np.arange(300), np.arange(300) % 7 == 0)


def test_a_picture_is_that_of_the_curve(curve):
    tracker = Kept()
    log_curve([TrainerCallback(), tracker], curve, prefix="eval_digits", title="digits, epoch 2", step=12)
    ((name, picture, step, dataformats),) = tracker.tb_writer.taken
    assert (name, step, dataformats) == ("eval/digits_risk_coverage", 12, "HWC")
    assert np.array_equal(picture, pixels_of(curve_figure("digits, epoch 2", curve)))
    log_curve([tracker], curve, prefix="eval", title="pixels", step=12, independent=False)
    name, picture, *_ = tracker.tb_writer.taken[1]
    assert name == "eval/risk_coverage"
    assert np.array_equal(picture, pixels_of(curve_figure("pixels", curve, independent=False)))


def test_what_goes_wrong_is_a_warning_and_other_trackers_get_theirs(curve):
    trackers = [Kept(broken=True), Kept()]
    with pytest.warns(UserWarning, match="risk-coverage curve of 'eval' was not logged: this writer takes no pictures"):
        log_curve(trackers, curve, prefix="eval", title="", step=1)
    assert len(trackers[1].tb_writer.taken) == 1
    with pytest.warns(UserWarning, match="was not logged: the interval of the risk"):  # it cannot even be drawn
        log_curve([Kept()], risk_coverage_curve([2, 1], [0.5, 2.0]), prefix="eval", title="", step=1)


def test_without_a_tracker_nothing_is_drawn(curve, monkeypatch):
    monkeypatch.setattr("abstain.training.pictures.curve_figure", None)  # which cannot be called
    closed = Kept()
    closed.tb_writer = None
    log_curve([TrainerCallback(), closed], curve, prefix="eval", title="", step=1)


def test_a_million_samples_are_drawn_in_a_moment():
    rng = np.random.default_rng(0)
    confidence = rng.normal(size=1_000_000)
    curve = risk_coverage_curve(confidence, rng.random(1_000_000) < np.exp(-1.5 - confidence.clip(-1)))
    log_curve([Kept()], curve, prefix="eval", title="warm", step=1)
    begin = time.perf_counter()
    log_curve([Kept()], curve, prefix="eval", title="million", step=1)
    assert time.perf_counter() - begin < 2


def trained(folder, data, tracker, **changes):
    args = arguments(folder, report_to=tracker, run_name="tiny", **{**CHANGES, **changes})
    trainer = SelectiveTrainer(small_vit(), args, train_dataset=data, eval_dataset={"few": data})
    trainer.train()
    return trainer


def test_tensorboard_has_a_picture_of_every_evaluation(tmp_path, digits):
    pytest.importorskip("tensorboard", reason="needs tensorboard: pip install -e '.[trackers]'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trained(tmp_path, digits, "tensorboard")
    (folder,) = (tmp_path / "runs").iterdir()
    events = EventAccumulator(str(folder)).Reload()
    assert events.Tags()["images"] == ["eval/few_risk_coverage"] and "eval/few_aurc" in events.Tags()["scalars"]
    pictures = events.Images("eval/few_risk_coverage")
    assert [picture.step for picture in pictures] == [6, 12]
    assert all(Image.open(io.BytesIO(one.encoded_image_string)).size == (540, 480) for one in pictures)
    assert pictures[0].encoded_image_string != pictures[1].encoded_image_string


@pytest.fixture
def wandb(tmp_path, monkeypatch):
    module = pytest.importorskip("wandb", reason="needs wandb: pip install -e '.[trackers]'")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")
    yield module
    module.finish()
    module.teardown()  # which forgets the environment


def test_wandb_has_a_picture_of_every_evaluation(tmp_path, digits, monkeypatch, wandb):
    monkeypatch.setenv("WANDB_MODE", "offline")
    trained(tmp_path / "run", digits, "wandb")
    logged = dict(wandb.run.summary)
    picture = logged["eval/few_risk_coverage"]
    assert (picture["width"], picture["height"], logged["train/global_step"]) == (540, 480, 12)
    assert len(list((tmp_path / "wandb").rglob("few_risk_coverage*.png"))) == 2


def test_a_wandb_that_is_switched_off_gets_none(tmp_path, digits, monkeypatch, wandb):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setattr("abstain.training.pictures.curve_figure", None)
    trained(tmp_path / "run", digits, "wandb")
    assert wandb.run is not None


def test_trackio_has_a_picture_of_every_evaluation(tmp_path, digits, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    pytest.importorskip("trackio", reason="needs trackio: pip install -e '.[trackers]'")
    trained(tmp_path / "run", digits, "trackio", project="tiny", trackio_static_space_id=False)
    files = list((tmp_path / "trackio").rglob("*.png"))
    assert [Image.open(io.BytesIO(file.read_bytes())).size for file in files] == [(540, 480)] * 2
