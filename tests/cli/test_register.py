def test_what_is_registered_is_said_and_can_be_undone(run, modules_cache, capsys):
    assert run("register") == 0
    assert 'evaluate.load("selective_risk") is registered in ' in capsys.readouterr().out
    assert any(path.is_file() for path in modules_cache.rglob("*selective_risk*.py"))
    assert run("register", "--undo") == 0
    assert "removed " in capsys.readouterr().out
    assert run("register", "--undo") == 0
    assert "was not registered: nothing to remove" in capsys.readouterr().out
