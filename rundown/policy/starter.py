"""A first document for a project: what `rundown policy init` writes after its questions."""

from collections.abc import Iterable

from msgspec import Struct

LANGUAGES = {"node": "npm", "python": "pip", "go": "go", "rust": "cargo"}


class Starter(Struct, frozen=True, kw_only=True):
    """The answers: the languages (of `LANGUAGES`), whether agents work here, whether it is for CI."""

    languages: tuple[str, ...] = ()
    agents: bool = False
    ci: bool = False


def starter_document(answers: Starter) -> str:
    """Returns a commented, valid `.rundownrc.yaml`."""
    return "\n".join(_lines(answers)) + "\n"


def _lines(answers: Starter) -> Iterable[str]:
    yield "# What runbooks of this project may do, over the built-in default (`rundown policy show`)."
    yield "# Try a command line: rundown policy explain -- 'npm ci && git push'"
    yield "version: 1"
    profiles = [f"tool/{LANGUAGES[name]}" for name in answers.languages if name in LANGUAGES]
    if profiles:
        yield "# What the languages' own tools need, registries included."
        yield f"extends: [{', '.join(profiles)}]"
    yield "default:"
    if answers.ci:
        yield "  # Nobody is there to be asked: what is not listed does not happen."
        yield "  mode: deny"
    yield from _run(answers)
    yield from _write(answers)
    yield "  env:"
    yield "    # Variables that steps may see beside PATH, HOME, LANG and their like."
    yield f"    allow: [{', '.join(_variables(answers))}]"
    yield "  net:"
    yield '    # host, *.host, host:port; nothing is reached that is not listed: ["api.github.com:443"]'
    yield "    allow: []"
    if answers.ci:
        yield "  limits: {timeout: 1h, output: 64MiB}"
    if answers.agents:
        yield "agents:"
        yield "  claude: {per_call: required, budget_usd: 2}"
        yield "backup: agent"


def _run(answers: Starter) -> Iterable[str]:
    yield "  run:"
    yield "    # A name, a path, or the beginning of a command line."
    yield f"    allow: [{', '.join(_programs(answers))}]"
    if answers.agents:
        yield "    # Fetched code runs at once, and commits stand under your name."
        yield '    ask: [npx, "npm install", "pip install", "git commit"]'
        yield '    deny: [{pattern: "git push", reason: "an agent publishes nothing"}, gh]'


def _write(answers: Starter) -> Iterable[str]:
    yield "  write:"
    yield "    # Build output and {tmp} are open by default. This opens all of the project:"
    yield '    allow: ["{repo}/**"]' if answers.agents or answers.ci else '    allow: []   # ["{repo}/**"]'
    if answers.agents:
        yield "    # What runs elsewhere with more rights, and instructions to agents."
        yield '    deny: ["{repo}/.github/**", "{repo}/.gitlab-ci.yml", "**/AGENTS.md", "**/CLAUDE.md"]'


def _programs(answers: Starter) -> list[str]:
    found = []
    if "python" in answers.languages:
        found += ['"{repo}/.venv/bin/*"', "/usr/bin/python3*"]
    if "node" in answers.languages:
        found.append('"{repo}/node_modules/.bin/*"')
    return found


def _variables(answers: Starter) -> list[str]:
    found = ['"PYTHONPATH="'] if "python" in answers.languages else []
    return [*found, '"CI_*"'] if answers.ci else found
