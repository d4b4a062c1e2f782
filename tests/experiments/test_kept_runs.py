import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abstain import InputError, aurc
from abstain.experiments.kept_runs import RunRanks, keep_run, read_ranks, write_ranks
from abstain.experiments.samples import RunSamples, write_samples

SCORES = np.array([0.5, -2, 0.5, 7], dtype=np.float32)
SAMPLES = RunSamples(SCORES, -SCORES, np.array([1, 0, 0, 1], dtype=np.int8))


def test_a_kept_run_has_its_results_and_the_ranks_of_its_samples(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "results.json").write_text('{"settings": {"data": "bank"}}')
    (tmp_path / "run" / "model.safetensors").touch()
    write_samples(tmp_path / "run", SAMPLES)
    keep_run(tmp_path / "run", tmp_path / "kept" / "run")
    kept = tmp_path / "kept" / "run"
    assert sorted(path.name for path in kept.iterdir()) == ["ranks.parquet", "results.json"]
    assert json.loads((kept / "results.json").read_text()) == {"settings": {"data": "bank"}}
    ranks = read_ranks(kept)
    assert ranks.msp.tolist() == [1, 0, 1, 2], "a tie stays one"
    assert ranks.max_logit_pnorm.tolist() == [1, 2, 1, 0]
    assert ranks.error.tolist() == [True, False, False, True]
    assert ranks.msp.dtype == np.uint32 and ranks.error.dtype == bool


def test_what_was_added_to_a_kept_run_stays_and_another_run_takes_its_place(tmp_path):
    run, kept = tmp_path / "run", tmp_path / "kept"
    run.mkdir()
    (run / "results.json").write_text('{"training": {"loss": 1}}')
    keep_run(run, kept)
    added = '{"training": {"loss": 1}, "diagnosis": {"verdict": "looks smoothed"}}'
    (kept / "results.json").write_text(added)
    keep_run(run, kept)
    assert (kept / "results.json").read_text() == added
    (run / "results.json").write_text('{"training": {"loss": 2}}')
    keep_run(run, kept)
    assert (kept / "results.json").read_text() == '{"training": {"loss": 2}}'


def test_ranks_give_the_curve_of_the_scores_in_a_third_of_the_room(tmp_path):
    generator = np.random.default_rng(0)
    score = generator.normal(size=5000).astype(np.float32).round(3)
    samples = RunSamples(score, score, (generator.random(5000) < 0.2).astype(np.int8))
    path = write_ranks(tmp_path, RunRanks.of(samples))
    ranks = read_ranks(tmp_path)
    assert aurc(ranks.msp, ranks.error) == aurc(score, samples.error)
    assert np.array_equal(ranks.msp, ranks.max_logit_pnorm)
    assert pq.read_schema(path).names == ["msp", "error"], "what fell back is not written twice"
    assert path.stat().st_size < write_samples(tmp_path, samples).stat().st_size / 3


def test_a_run_on_pixels_has_no_ranks(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "results.json").write_text("{}")
    keep_run(tmp_path / "run", tmp_path / "kept")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["results.json"]
    with pytest.raises(InputError, match=r"holds no ranks\.parquet"):
        read_ranks(tmp_path / "kept")


def test_results_that_tell_a_path_of_the_machine_are_not_kept(tmp_path):
    (tmp_path / "results.json").write_text('{"settings": {"data": ["a", "/home/me/data"]}}')
    with pytest.raises(InputError, match=r"tell a path of this machine, '/home/me/data'"):
        keep_run(tmp_path, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_file_of_other_columns_is_refused(tmp_path):
    pq.write_table(pa.table({"msp": [1]}), tmp_path / "ranks.parquet")
    with pytest.raises(InputError, match=r"ranks.parquet' cannot be read .*: its columns must be msp and error"):
        read_ranks(tmp_path)
