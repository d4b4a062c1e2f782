import json


def test_threshold_says_what_to_accept_and_what_is_guaranteed(run, capsys, logits_files):
    command = ["threshold", str(logits_files[0]), "--target-risk", "0.4"]
    assert run(*command, "--delta", "0.05") == 0
    printed = capsys.readouterr().out
    assert "Accept where msp >= " in printed and "With probability 0.95" in printed and "under a shift" in printed
    assert run(*command, "--score", "max_logit_pnorm", "--p", "2", "--json") == 0
    point = json.loads(capsys.readouterr().out)
    assert point["guaranteed"] is False and point["risk"] <= 0.4
    assert run(*command) == 0
    assert "There is no guarantee" in capsys.readouterr().out


def test_no_threshold_is_one_line_and_its_own_exit_status(run, capsys, logits_files):
    assert run("threshold", str(logits_files[0]), "--target-risk", "0.001", "--delta", "0.05") == 1
    error = capsys.readouterr().err
    used, sentence = error.splitlines()
    assert "5 logits: logits; labels: label" in used and "no threshold on 150 samples is sure" in sentence
