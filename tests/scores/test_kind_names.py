from abstain.scores import kind_names


def test_every_kind_is_of_probabilities_or_of_logits_and_one_column_has_a_shift():
    assert {*kind_names.OF_PROBABILITIES, "logits", "log-probabilities", "one logit"} == {*kind_names.KINDS}
    assert {*kind_names.INPUTS} < {*kind_names.KINDS}
    assert not [kind for kind in kind_names.WITHOUT_SHIFT if kind.startswith("one")]
