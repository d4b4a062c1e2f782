import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from abstain import InputError
from abstain.experiments import jobs
from abstain.experiments.jobs import Job, last_line, run_jobs


def job(folder, name, code):
    return Job(name, (sys.executable, "-c", code), folder / "logs" / f"{name}.log")


def test_each_program_has_its_log_and_one_that_fails_stops_no_other(tmp_path):
    todo = [
        job(tmp_path, "good", "import os; print(os.environ['THREADS'])"),
        job(tmp_path, "bad", "print('so far'); raise SystemExit('lost')"),
        job(tmp_path, "next", "print('again')"),
    ]
    ended = list(run_jobs(todo, 2, environment=os.environ | {"THREADS": "7"}))
    assert sorted((one.job.name, one.status) for one in ended) == [("bad", 1), ("good", 0), ("next", 0)]
    assert all(0 < one.seconds < 60 for one in ended)
    assert [last_line(one.log) for one in todo] == ["7", "lost", "again"]
    list(run_jobs(todo[2:], 1, environment=os.environ))
    assert todo[2].log.read_text() == "again\nagain\n", "a log is added to"


def test_so_many_run_at_once(tmp_path):
    waits = "import pathlib, sys, time; me, other = map(pathlib.Path, sys.argv[1:]); me.touch()\n"
    waits += "while not other.exists(): time.sleep(0.01)"
    names = [tmp_path / "a", tmp_path / "b"]
    todo = [
        Job(mine.name, (sys.executable, "-c", waits, str(mine), str(other)), tmp_path / f"{mine.name}.log")
        for mine, other in (names, names[::-1])
    ]
    assert [one.status for one in run_jobs(todo, 2, environment=os.environ)] == [0, 0], "each has waited for the other"


@pytest.mark.parametrize("deaf", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN);"])
def test_programs_end_with_the_one_that_started_them(tmp_path, monkeypatch, deaf):
    monkeypatch.setattr(jobs, "TO_END", 0.2)
    code = f"import os, signal, time; {deaf} print(os.getpid(), flush=True); time.sleep(60)"
    todo = [job(tmp_path, "long", code), job(tmp_path, "short", "")]
    with closing(run_jobs(todo, 2, environment=os.environ)) as ended:
        assert next(ended).job.name == "short"
        while not todo[0].log.read_text():
            time.sleep(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(int(todo[0].log.read_text()), signal.SIGCONT)


def test_a_program_that_has_outlived_who_started_it_is_not_started_again(tmp_path):
    log = tmp_path / "logs" / "long.log"
    log.parent.mkdir()
    with log.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # it is passed on to the program, and ends with it
        left = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=file)
    with pytest.raises(InputError, match=r"long still runs, started by another command"):
        list(run_jobs([job(tmp_path, "long", "print('twice')")], 1, environment=os.environ))
    left.communicate(b"\n")
    assert [one.status for one in run_jobs([job(tmp_path, "long", "print('once')")], 1, environment=os.environ)] == [0]
    assert log.read_text() == "once\n"


def test_the_last_line_is_of_the_program(tmp_path):
    log = tmp_path / "a.log"
    log.write_text("one\n two \n\nrun_grid: exit status 0 after 1.0 s\n")
    assert last_line(log) == "two"
    log.write_text("\n")
    assert last_line(log) == "nothing was printed"
