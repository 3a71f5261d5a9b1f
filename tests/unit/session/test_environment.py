"""What a step finds in its environment: what policy lets through, and rundown's own words, which win."""

from msgspec.structs import replace

from rundown.session.environment import StepFacts, step_environment

FACTS = StepFacts(
    run_id="r-1",
    context_id="c-1",
    runbook_ref="a.runbook.md",
    runbook_source="/p/a.runbook.md",
    position="2.1",
    attempt=2,
    work_path="/p/.rundown/work",
    home="/home/ada",
    tmp="/tmp",
    cache="/cache",
    search_path=("/usr/local/bin", "/usr/bin"),
)
OURS = {
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GOCACHE": "/cache/go-build",
    "GOMODCACHE": "/cache/go-mod",
    "GRADLE_USER_HOME": "/cache/gradle",
    "HOME": "/home/ada",
    "LANG": "C.UTF-8",
    "MANPAGER": "cat",
    "PAGER": "cat",
    "PATH": "/usr/local/bin:/usr/bin",
    "PIP_CACHE_DIR": "/cache/pip",
    "PYTHONPYCACHEPREFIX": "/cache/pycache",
    "RD_ATTEMPT": "2",
    "RD_CONTEXT_ID": "c-1",
    "RD_RUNBOOK_REF": "a.runbook.md",
    "RD_RUNBOOK_SOURCE": "/p/a.runbook.md",
    "RD_RUN_ID": "r-1",
    "RD_STEP": "2.1",
    "RD_WORK_PATH": "/p/.rundown/work",
    "SYSTEMD_PAGER": "",
    "TEMP": "/tmp",
    "TMP": "/tmp",
    "TMPDIR": "/tmp",
    "UV_CACHE_DIR": "/cache/uv",
    "XDG_CACHE_HOME": "/cache/xdg",
    "npm_config_cache": "/cache/npm",
}


def environment(*names: str, parent: dict[str, str], **values: str) -> dict[str, str]:
    return dict(step_environment(names, parent, FACTS, values))


def test_without_anything_let_through_a_step_has_what_rundown_gives_it() -> None:
    found = step_environment((), {"TOKEN": "secret", "LC_ALL": "de_DE"}, FACTS, {})
    assert (dict(found), list(found)) == (OURS, sorted(found))


def test_only_what_is_named_and_there_is_inherited() -> None:
    parent = {"CI": "1", "TOKEN": "secret"}
    assert environment("CI", "ABSENT", parent=parent) == {**OURS, "CI": "1"}


def test_rundowns_own_words_win_over_inherited_ones() -> None:
    parent = {"PATH": "/evil", "TMPDIR": "/evil", "RD_RUN_ID": "x", "PAGER": "less", "HOME": "/root"}
    assert environment(*parent, parent=parent) == {**OURS, "HOME": "/root"}


def test_a_language_that_is_let_through_is_kept() -> None:
    found = environment("LC_ALL", parent={"LC_ALL": "de_DE.UTF-8"})
    assert (found["LC_ALL"], "LANG" in found) == ("de_DE.UTF-8", False)


def test_values_of_templates_reach_the_script_by_their_private_names() -> None:
    assert environment(parent={}, __rd_1="x y") == {**OURS, "__rd_1": "x y"}


def test_without_a_cache_no_variable_leads_to_the_root_of_the_file_system() -> None:
    found = step_environment((), {}, replace(FACTS, cache=""), {})
    assert [name for name, value in found if value.startswith("/xdg") or "CACHE" in name] == []
