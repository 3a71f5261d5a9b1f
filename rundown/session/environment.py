"""The variables a step is started with: what policy lets through, and rundown's own.

Ours win over inherited ones. Values never enter a request, an event or a plan's digest.
"""

from collections.abc import Mapping

from msgspec import Struct

# Programs that page or ask would hang a step without a terminal. Source: git(1), systemctl(1), man pages.
_QUIET = {
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "MANPAGER": "cat",
    "SYSTEMD_PAGER": "",
    "GIT_TERMINAL_PROMPT": "0",
}
# Where tools keep what they may fetch again. Source: each tool's own documentation of its variable.
_CACHES = {
    "XDG_CACHE_HOME": "xdg",
    "npm_config_cache": "npm",
    "PIP_CACHE_DIR": "pip",
    "UV_CACHE_DIR": "uv",
    "GOCACHE": "go-build",
    "GOMODCACHE": "go-mod",
    "GRADLE_USER_HOME": "gradle",
    "PYTHONPYCACHEPREFIX": "pycache",
}


class StepFacts(Struct, frozen=True, kw_only=True):
    """What a step's variables say of its run. `tmp` and `cache` are paths as the step sees them, `cache` ""
    without one."""

    run_id: str
    context_id: str
    runbook_ref: str
    runbook_source: str
    position: str
    attempt: int
    work_path: str
    home: str
    tmp: str
    cache: str
    search_path: tuple[str, ...]


def step_environment(
    names: tuple[str, ...], parent: Mapping[str, str], facts: StepFacts, values: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Returns name and value of every variable, sorted by name.

    `names`: inherited variables that policy lets through. `values`: private variables that carry
    template values into a script.
    """
    chosen = {name: parent[name] for name in names if name in parent}
    if not {"LANG", "LC_ALL", "LC_CTYPE"} & chosen.keys():
        chosen["LANG"] = "C.UTF-8"
    chosen.setdefault("HOME", facts.home)
    chosen |= _QUIET
    if facts.cache:
        chosen |= {name: f"{facts.cache}/{folder}" for name, folder in _CACHES.items()}
    chosen |= dict.fromkeys(("TMPDIR", "TMP", "TEMP"), facts.tmp)
    chosen |= {
        "PATH": ":".join(facts.search_path),
        "RD_RUN_ID": facts.run_id,
        "RD_CONTEXT_ID": facts.context_id,
        "RD_RUNBOOK_REF": facts.runbook_ref,
        "RD_RUNBOOK_SOURCE": facts.runbook_source,
        "RD_STEP": facts.position,
        "RD_ATTEMPT": str(facts.attempt),
        "RD_WORK_PATH": facts.work_path,
    }
    chosen |= values
    return tuple(sorted(chosen.items()))
