"""The import contracts of pyproject.toml hold."""

from importlinter import cli

from tests.support.sources import ROOT


def test_a_room_imports_only_what_its_contracts_allow(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    status = cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == cli.EXIT_STATUS_SUCCESS, capsys.readouterr().out
