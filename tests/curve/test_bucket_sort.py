import numpy as np
import pytest

from abstain.curve import bucket_sort as of
from abstain.curve.bucket_sort import Buckets, bucket_sort

PIECE = of.PIECE_BYTES // 4
N = 3 * PIECE + 77
RNG = np.random.default_rng(0)
ANY = RNG.integers(0, 2**64, N, dtype=np.uint64)
UNIT = RNG.random(N)
KINDS = [np.uint32, np.uint64]
CASES = {
    "any": ANY,
    "ascending": np.sort(ANY),
    "descending": np.sort(ANY)[::-1],
    "one value": np.full(N, 2**31 + 5, np.uint64),
    "the ends of the range": np.where(UNIT < 0.5, np.uint64(0), np.uint64(2**64 - 1)),
    "two values that share a cell": np.where(UNIT < 0.5, np.uint64(7), np.uint64(8)),
    "three values": RNG.integers(0, 3, N).astype(np.uint64),
    "ties and others": np.where(UNIT < 0.7, np.uint64(2**40), ANY),
    "some ties": np.where(UNIT < 0.3, np.uint64(2**63 + 9), ANY),
    "dense, and a few far away": np.where(UNIT < 1e-3, ANY, 2**62 + RNG.integers(0, 2**40, N).astype(np.uint64)),
    "dense in several places": (RNG.integers(0, 4, N).astype(np.uint64) << np.uint64(62)) + (ANY >> np.uint64(44)),
    "every size": ANY >> RNG.integers(0, 64, N).astype(np.uint64),
    "nearer and nearer": (1 - 10 ** (-15 * UNIT)).view(np.uint64),
    "confidences": (UNIT.view(np.uint64) << np.uint64(1)) | (ANY & np.uint64(1)),
    "unlike the sample": np.where(np.arange(N) % 16 == 0, ANY, ANY >> np.uint64(50)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_it_is_the_order_of_numpy(name, kind):
    words = CASES[name].astype(kind)
    expected = np.sort(words)
    found = bucket_sort(words.copy())
    assert found.dtype == kind
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_words", [1, 2, 3, 63, 127, 128, 129, 255, 256, 257, 511, 513, 1000, PIECE, PIECE + 1])
def test_no_word_is_lost_at_the_end_of_a_row_or_piece(n_words, kind):
    for words in (ANY[:n_words].astype(kind), np.arange(n_words, dtype=kind)[::-1].copy()):
        np.testing.assert_array_equal(bucket_sort(words.copy()), np.sort(words))


@pytest.mark.parametrize("constant", ["BUCKET", "PIECE_BYTES", "CELL"])
def test_small_buckets_pieces_and_cells_change_nothing(constant, monkeypatch):
    monkeypatch.setattr(of, constant, 2**7)
    words = ANY[:20_000]
    np.testing.assert_array_equal(bucket_sort(words.copy()), np.sort(words))


def test_dense_words_are_divided_again_until_numpy_sorts_them(monkeypatch):
    monkeypatch.setattr(of, "BUCKET", 2**7)
    monkeypatch.setattr(of, "DENSE", 1)
    for depth in (0, 1, 2, 4):
        for words in (CASES["every size"][:30_000], CASES["dense in several places"][:30_000]):
            np.testing.assert_array_equal(bucket_sort(words.copy(), depth=depth), np.sort(words))


@pytest.mark.parametrize("name", CASES)
def test_a_larger_word_is_in_no_lower_bucket(name):
    words = np.sort(CASES[name])
    buckets = Buckets.of(words)
    assert (np.diff(buckets(words).astype(int)) >= 0).all()
    assert buckets(words).max() < buckets.n_buckets


def test_no_bucket_is_far_larger_than_the_mean_and_ties_are_seen(monkeypatch):
    monkeypatch.setattr(of, "BUCKET", 2**12)
    for name in ("any", "confidences"):
        buckets = Buckets.of(CASES[name])
        assert buckets.n_buckets == 1 + N // 2**12 and not buckets.are_tied
        assert np.bincount(buckets(CASES[name])).max() < 3 * 2**12
    assert Buckets.of(CASES["ties and others"]).are_tied and not Buckets.of(CASES["some ties"]).are_tied
