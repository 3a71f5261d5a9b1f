"""`PolicyFacts`: everything about this machine and run that a decision needs, gathered beforehand.

A value only. The evaluator looks nothing up; who builds this value answers for its truth.
"""

from msgspec import Struct


class PolicyFacts(Struct, frozen=True, kw_only=True):
    """Places (absolute real paths without a trailing slash), look-ups and what the run forbids itself.

    `root`: the project root. `gitdir`: its git directory, None without one; `gitdirs`: further ones
    (a work tree's common directory). `tmp` is the path *inside* the sandbox. `runbook`: path below the
    root, "" for none or one outside; `runbook_file`: its real path, "" for stdin.
    `no_gap`: the sandbox plan of this step enforces everything, which mode `confined` relies on.
    `parent_env`: names of the variables rundown was started with.
    `executables`: bare name -> real path, for names that rules and texts mention, as the step's PATH
    finds them; `interpreters`: real path of a script -> real path of its `#!` interpreter.
    `missing`: real paths that the request writes and that do not exist yet.
    `venvs`: real paths of virtual environments that PATH entries belong to.
    `documents`: real paths of the policy documents in force, `runner_files` of those a CI runner obeys.
    `agent_socket`: where the person's ssh agent listens (SSH_AUTH_SOCK), "" if nowhere.
    `off_limits`: paths that nothing ever opens (signing key, trust store, records of other runs).
    """

    root: str
    home: str
    cache: str
    config: str
    tmp: str = "/tmp"
    gitdir: str | None = None
    gitdirs: tuple[str, ...] = ()
    runbook: str = ""
    runbook_file: str = ""
    no_gap: bool = False
    parent_env: frozenset[str] = frozenset()
    executables: dict[str, str] = {}
    interpreters: dict[str, str] = {}
    missing: frozenset[str] = frozenset()
    venvs: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    runner_files: tuple[str, ...] = ()
    agent_socket: str = ""
    off_limits: tuple[str, ...] = ()
