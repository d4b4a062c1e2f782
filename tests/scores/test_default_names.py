import numpy as np
from transformers import PretrainedConfig

from abstain.scores.default_names import default_numbers


def test_the_names_that_transformers_gives_are_read_by_number():
    names = PretrainedConfig(num_labels=12).id2label
    assert default_numbers([names[k] for k in (11, 2, 0)]).tolist() == [11, 2, 0]
    assert default_numbers(np.array(["LABEL_3", "LABEL_3"], dtype=object)).dtype == np.int64
    for others in (["LABEL_1", "cat"], ["label_1"], ["LABEL_-1"], ["LABEL_1.0"], []):
        assert default_numbers(others) is None
