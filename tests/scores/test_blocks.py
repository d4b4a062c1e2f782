import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from abstain.scores.blocks import BLOCK_ELEMENTS, block_slices, by_block, in_blocks


@pytest.fixture(params=[1, 2, 3])
def n_threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_every_block_is_scored_in_the_wanted_type_and_joined(n_threads):
    rows, seen = torch.arange(14.0).reshape(7, 2), []

    def work(block, some):
        seen.append((some.start, some.stop, block.dtype, torch.get_num_threads()))
        return torch.stack([block.sum(dim=1), block.mul_(2).amax(dim=1)])  # a block may be changed

    found = in_blocks(work, rows, block_elements=6, elements_a_thread=4)
    assert sorted(seen) == [(start, stop, torch.float64, 1) for start, stop in ((0, 3), (3, 6), (6, 7))]
    np.testing.assert_array_equal(found, [rows.sum(dim=1), 2 * rows[:, 1]])
    assert rows.tolist() == torch.arange(14.0).reshape(7, 2).tolist()
    assert torch.get_num_threads() == n_threads


def test_a_block_holds_a_row_at_least():
    assert block_slices(2, 2 * BLOCK_ELEMENTS) == [slice(0, 1), slice(1, 2)]
    assert block_slices(3, 1) == [slice(0, 3)]


def test_as_many_threads_work_as_torch_has(n_threads):
    names, meeting = set(), threading.Barrier(n_threads, timeout=30)

    def work(block, some):
        names.add(threading.current_thread().name)
        meeting.wait()  # which none leaves before all are there
        return block[:, 0]

    in_blocks(work, torch.zeros(n_threads, 2), block_elements=2, elements_a_thread=2)
    assert len(names) == n_threads


def test_of_few_numbers_one_thread_is_enough():
    names = set()

    def work(block, some):
        names.add(threading.current_thread().name)
        return block[:, 0]

    in_blocks(work, torch.zeros(1000, 2), block_elements=2)
    assert names == {threading.current_thread().name}


def test_what_a_block_raises_is_raised(n_threads):
    def work(block, some):
        raise ValueError(f"block {some.start}")

    with pytest.raises(ValueError, match="block"):
        in_blocks(work, torch.zeros(5, 2), block_elements=2, elements_a_thread=2)


def test_no_operation_of_a_block_is_divided_among_threads():
    # torch starts threads of its own when it first divides an operation, and keeps them.
    if not os.path.isdir("/proc/self/task"):
        pytest.skip("needs the threads of a process as Linux lists them")
    code = """
import os, time, numpy, torch
from abstain.scores.blocks import in_blocks
def count():
    time.sleep(0.2)  # threads that have ended are listed a little longer
    print(len(os.listdir("/proc/self/task")))
torch.set_num_threads(2)
rows = torch.from_numpy(numpy.zeros((64, 2**16)))
count()
in_blocks(lambda block, some: block.exp_().softmax(dim=1).sum(dim=1), rows, elements_a_thread=1)
count()
rows.exp()
count()
"""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert finished.returncode == 0, finished.stderr
    before, after_blocks, after_division = map(int, finished.stdout.split())
    assert before == after_blocks == after_division - 1


def test_numbers_come_by_the_blocks_of_their_rows():
    numbers = np.arange(10.0).reshape(2, 5)
    n_columns = BLOCK_ELEMENTS // 2
    assert [(some.start, some.stop) for some, _ in by_block(numbers, n_columns)] == [(0, 2), (2, 4), (4, 5)]
    np.testing.assert_array_equal(np.concatenate([part for _, part in by_block(numbers, n_columns)], axis=1), numbers)
