from abstain.cli.quickstart import free_folder


def test_a_taken_default_folder_gets_a_number(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert free_folder().name == "quickstart-results"
    (tmp_path / "quickstart-results").mkdir()
    (tmp_path / "quickstart-results-2").mkdir()
    assert free_folder().name == "quickstart-results-3"
