import threading
import weakref

import pytest

from abstain import _threads
from abstain._threads import FEW, SLICE_LENGTH, in_turn, over_slices, over_slices_between


@pytest.mark.parametrize("n", [1, SLICE_LENGTH - 1, SLICE_LENGTH, SLICE_LENGTH + 1, 3 * SLICE_LENGTH + 7])
def test_slices_cover_a_range_once_and_in_order(n):
    slices = over_slices(lambda some: some, n)
    assert [number for some in slices for number in (some.start, some.stop)][1:-1:2] == [s.start for s in slices[1:]]
    assert slices[0].start == 0 and slices[-1].stop == n
    assert all(0 < some.stop - some.start <= SLICE_LENGTH for some in slices)


def test_an_empty_range_has_one_empty_slice_or_none():
    assert over_slices(lambda some: some, 0) in ([], [slice(0, 0)])
    assert over_slices_between(lambda some: some, [5]) == []


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(_threads, "N_THREADS", 2)


@pytest.mark.usefixtures("two_threads")
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


@pytest.mark.parametrize("n", [0, 1, FEW - 1, FEW, 50])
def test_items_are_worked_on_once_in_their_order_and_few_are_there(n):
    made, most = 0, 0

    def items():
        nonlocal made
        for item in range(n):
            made += 1
            yield item

    found = []
    for square in in_turn(lambda item: item**2, items()):
        found.append(square)
        most = max(most, made - len(found))
    assert found == [item**2 for item in range(n)] and made == n
    assert most <= _threads.N_THREADS + FEW


@pytest.mark.usefixtures("two_threads")
def test_items_come_in_their_order_whoever_is_first():
    release = threading.Event()

    def work(item):
        if item == 0:
            assert release.wait(10)  # the first ends after the second
        else:
            release.set()
        return item

    assert list(in_turn(work, range(10))) == list(range(10))


def test_a_few_items_start_no_thread():
    names = set(in_turn(lambda _: threading.current_thread(), range(FEW - 1)))
    assert names == {threading.current_thread()}


@pytest.mark.parametrize("items", [[1, 0], [1, 2, 0, 3, 4, 5, 6]])
def test_what_fails_of_an_item_fails_for_the_caller(items):
    with pytest.raises(ZeroDivisionError):
        list(in_turn(lambda item: 1 / item, items))


def test_what_is_not_asked_for_ends_with_the_caller():
    made, threads = [], threading.active_count()

    def items():
        for item in range(1000):
            made.append(item)
            yield item

    squares = in_turn(lambda item: item**2, items())
    assert next(squares) == 0
    assert threading.active_count() > threads
    squares.close()
    assert threading.active_count() == threads
    assert len(made) <= FEW + _threads.N_THREADS + 2


def test_an_item_is_held_no_longer_than_it_is_worked_on():
    class Item:
        pass

    items, held = [], []

    def make():
        for _ in range(20):
            item = Item()
            items.append(weakref.ref(item))
            yield item

    for _ in in_turn(lambda item: None, make()):
        held.append(sum(item() is not None for item in items))
    assert held[-1] == 0, "all were worked on"
    assert max(held) <= FEW + _threads.N_THREADS + 2
