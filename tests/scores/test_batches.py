import itertools

import numpy as np
import pytest
import torch

from abstain.scores.batches import ValueBatches, regrouped
from abstain.scores.kinds import Values

ROWS, LABELS = torch.arange(20.0).reshape(10, 2), np.arange(10)


def pieces(*lengths):
    ends = np.cumsum([0, *lengths])
    return [(ROWS[a:b], LABELS[a:b]) for a, b in itertools.pairwise(ends)]


@pytest.mark.parametrize("lengths", [(10,), (4, 4, 2), (1,) * 10, (3, 0, 7), (9, 1), (0, 10)])
@pytest.mark.parametrize("length", [1, 3, 4, 10, 50])
def test_pieces_of_any_length_become_pieces_of_one(lengths, length):
    found = list(regrouped(pieces(*lengths), length))
    assert [len(labels) for _, labels in found] == [min(length, 10 - start) for start in range(0, 10, length)]
    assert torch.cat([rows for rows, _ in found]).equal(ROWS)
    assert np.concatenate([labels for _, labels in found]).tolist() == LABELS.tolist()


def test_rows_that_need_not_be_joined_are_not_copied():
    ((rows, _),) = regrouped(pieces(10), 50)
    assert rows.data_ptr() == ROWS.data_ptr()


def test_a_batch_holds_whole_blocks():
    values = Values("logits", torch.zeros(10_000, 1000), np.zeros(10_000, dtype=np.int64), n_ignored=3)
    batches = ValueBatches.of(values)
    assert (batches.kind, batches.n_samples, batches.n_columns, batches.n_ignored) == ("logits", 10_000, 1000, 3)
    assert [len(batch.rows) for batch in batches.batches()] == [65 * 64, 65 * 64, 10_000 - 2 * 65 * 64]
    assert [len(batch.rows) for batch in batches.batches(2**19)] == [524 * 8, 524 * 8, 10_000 - 2 * 524 * 8]


def test_the_same_samples_are_found_whatever_pieces_they_come_in():
    def batches(rows, *lengths):
        return ValueBatches("logits", len(rows), 2, lambda _: pieces(*lengths) if rows is ROWS else [(rows, LABELS)])

    other = ROWS.clone()
    assert batches(ROWS, 10).same_as(batches(ROWS, 3, 7)) and batches(ROWS, 10).same_as(batches(other))
    assert not batches(ROWS, 10).same_as(ValueBatches("logits", 10, 2, lambda _: [(ROWS, 1 - LABELS)]))
    other[9, 1] = 0
    assert not batches(ROWS, 10).same_as(batches(other))
    assert not batches(ROWS, 10).same_as(ValueBatches("logits", 9, 2, lambda _: pieces(9)))
