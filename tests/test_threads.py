import threading

import pytest

from abstain import _threads
from abstain._threads import SLICE_LENGTH, for_each, over_slices, over_slices_between


@pytest.mark.parametrize("n", [1, SLICE_LENGTH - 1, SLICE_LENGTH, SLICE_LENGTH + 1, 3 * SLICE_LENGTH + 7])
def test_slices_cover_a_range_once_and_in_order(n):
    slices = over_slices(lambda some: some, n)
    assert [number for some in slices for number in (some.start, some.stop)][1:-1:2] == [s.start for s in slices[1:]]
    assert slices[0].start == 0 and slices[-1].stop == n
    assert all(0 < some.stop - some.start <= SLICE_LENGTH for some in slices)


def test_an_empty_range_has_one_empty_slice_or_none():
    assert over_slices(lambda some: some, 0) in ([], [slice(0, 0)])
    assert over_slices_between(lambda some: some, [5]) == []


def test_results_come_in_the_order_of_the_cuts_whoever_is_first():
    release = threading.Event()

    def work(some):
        if some.start == 0:
            assert release.wait(10)  # the first slice ends after the second
        else:
            release.set()
        return some.stop

    assert over_slices_between(work, [0, 3, 9]) == [3, 9]


def test_several_slices_are_worked_on_at_once_by_a_few_threads():
    names = set(over_slices_between(lambda _: threading.current_thread().name, range(20)))
    assert threading.current_thread().name not in names and len(names) <= _threads.N_THREADS


def test_a_single_slice_starts_no_thread():
    assert over_slices(lambda _: threading.current_thread(), 10) == [threading.current_thread()]


def test_what_fails_in_a_slice_fails_for_the_caller():
    def work(some):
        raise ValueError(f"slice {some.start}")

    with pytest.raises(ValueError, match="slice 0"):
        over_slices_between(work, [0, 1, 2])


@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_each_item_is_worked_on_once_and_few_are_made_before(n):
    done, most_ahead = set(), 0

    def items():
        nonlocal most_ahead
        for item in range(n):
            most_ahead = max(most_ahead, item - len(done))
            yield item

    for_each(done.add, items())
    assert done == set(range(n)) and most_ahead <= 3 * _threads.N_THREADS + 1


def test_what_fails_of_an_item_fails_for_the_caller():
    with pytest.raises(ZeroDivisionError):
        for_each(lambda item: 1 / item, [1, 2, 0, 3])
