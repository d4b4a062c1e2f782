import numpy as np
from transformers import PretrainedConfig

from abstain.scores.default_names import default_numbers, numbers_written


def test_the_names_that_transformers_gives_are_read_by_number():
    names = PretrainedConfig(num_labels=12).id2label
    assert default_numbers([names[k] for k in (11, 2, 0)]).tolist() == [11, 2, 0]
    assert default_numbers(np.array(["LABEL_3", "LABEL_3"], dtype=object)).dtype == np.int64
    for others in (["LABEL_1", "cat"], ["label_1"], ["LABEL_-1"], ["LABEL_1.0"], []):
        assert default_numbers(others) is None


def test_texts_that_number_classes_are_numbers_in_their_shape():
    assert numbers_written(np.array([["1", " 0"], ["2.0", "-100"]])).tolist() == [[1, 0], [2, -100]]
    assert numbers_written(np.array([["LABEL_1"], ["LABEL_0"]], dtype=object)).tolist() == [[1], [0]]
    for others in (["1", "cat"], ["LABEL_1", "0"], ["label_1"], [], [1, 2], [None, "1"]):
        assert numbers_written(np.array(others, dtype=object)) is None
