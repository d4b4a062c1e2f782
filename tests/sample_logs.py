"""Small sample logs in the form of lm-evaluation-harness, made by hand."""

import json


def line(doc_id, likelihoods, target, choices=None, *, delimiter=" ", **stored):
    """One question as `lm_eval --log_samples` writes it: numbers as texts, choices behind their delimiter."""
    choices = choices or "ABCDEFGH"[: len(likelihoods)]
    responses = [[str(likelihood), "False"] for likelihood in likelihoods]
    return {
        "doc_id": doc_id,
        "doc": {"question": "?"},
        "target": str(target),
        "arguments": {f"gen_args_{i}": {"arg_0": "?", "arg_1": delimiter + text} for i, text in enumerate(choices)},
        "resps": [[response] for response in responses],
        "filtered_resps": responses,
        "filter": "none",
        "metrics": list(stored),
        **stored,
    }


THREE = [
    line(0, [-1.0, -3.0], 0, acc=1.0, acc_norm=1.0),
    line(1, [-2.0, -2.0, -2.0 - 40.0], 1, acc=0.0, acc_norm=0.0),
    line(2, [-2.0, -4.0], 1, ["a", "abcd"], acc=0.0, acc_norm=1.0),  # by characters -2 and -1
]
"""Log-odds of the chosen ones are 2, 0 and 2; by characters 2, 0 and 1."""


def write_log(path, lines):
    """The file, once it is written."""
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return path
