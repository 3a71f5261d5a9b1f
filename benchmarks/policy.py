"""What a decision costs, warm, on typical one-liners: `python -m benchmarks.policy`.

Prints decisions a second for the evaluator alone and with the extraction of the text before it, both also
as a ratio to `shlex.split` of the same lines in the same run, so that machines can be compared. The
ruleset is that of a project with a document of its own above the built-in default.
"""

import shlex
import time
from collections.abc import Callable

from msgspec.structs import replace

from rundown.model.policy import LayerKind, Ruleset
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.policy.compiled import CompiledRuleset, compile_ruleset
from rundown.policy.document import decode_document
from rundown.policy.evaluate import evaluate
from rundown.policy.facts import PolicyFacts
from rundown.policy.flags import PolicyFlags, flag_layer
from rundown.policy.load import builtin_document
from rundown.shell.extract import extract

ROUNDS = 5
HOSTILE = {
    "redirections": "ls " + ">a " * 50_000,
    "writes": "".join(f"ls > a/b/c{number}\n" for number in range(9_999)),
    "programs": "".join(f"c{number}\n" for number in range(9_999)),
    "paths": "".join(f"./a/b{number}/c\n" for number in range(9_999)),
    "commands": "ls -la foo\n" * 9_999,
    "hosts": "".join(f"curl https://h{number}.example/x\n" for number in range(9_999)),
    "brackets": "[" * (1 << 20),
    "here-document": "cat <<E\n" + "line $x\n" * 90_000 + "E\n",
}
REPEATS = 40
ROOT = "/srv/app"
LINES = (
    "git status --short",
    "npm ci && npm run build",
    "pytest -q tests/unit",
    "go test ./...",
    "make -j4 all > dist/build.log 2>&1",
    "kubectl get pods -n web",
    "grep -rn TODO src | sort | uniq -c",
    'for f in src/*.py; do wc -l "$f"; done',
    "cp config.example.yaml config.yaml",
    "tar czf dist/app.tar.gz src",
    "git push origin main",
    "jq -r .version package.json",
    'echo "built $(date +%s)"',
    "cat <<EOF > dist/out.txt\nhello $USER\nEOF\n",
)
DOCUMENT = b"""
default:
  run: {allow: [terraform, "docker compose"], ask: ["git push"], deny: ["git push ** --force*"]}
  read: {allow: ["~/.config/tool/**"]}
  write: {allow: ["{repo}/reports/**"]}
  net: {allow: ["registry.npmjs.org:443"]}
"""
FACTS = PolicyFacts(
    root=ROOT,
    home="/home/u",
    cache="/home/u/.cache/rundown/app",
    config="/home/u/.config",
    gitdir=f"{ROOT}/.git",
    parent_env=frozenset(f"VARIABLE_{number}" for number in range(40)),
    executables={name: f"/usr/bin/{name}" for name in ("git", "npm", "make", "grep", "kubectl")},
)


def ruleset() -> Ruleset:
    """Returns the project's document over the built-in default."""
    project, problems = decode_document(DOCUMENT, ".rundownrc.yaml", "yaml", LayerKind.PROJECT)
    assert project is not None, problems
    return Ruleset(
        flags=flag_layer(PolicyFlags(), ROOT, FACTS.home),
        layers=(project.layer(""), builtin_document().layer("")),
    )


def request(line: str) -> ExecutionRequest:
    """Returns the frozen request of a line."""
    return ExecutionRequest(
        run_id="r",
        position="1",
        attempt=1,
        kind="bash",
        text=line,
        argv=("/bin/bash", "-c", line),
        cwd=ROOT,
        env_names=(),
        operations=tuple(_resolved(item) for item in extract(line, "bash").operations),
    )


def _resolved(operation: Operation) -> Operation:
    folder = "/usr/bin" if operation.capability is Capability.RUN else ROOT
    return replace(operation, resolved=f"{folder}/{operation.resource}")


def per_second(work: Callable[[], None]) -> float:
    """Returns lines a second, best of several rounds."""
    best = min(_timed(work) for _ in range(ROUNDS))
    return REPEATS * len(LINES) / best


def _timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    for _ in range(REPEATS):
        work()
    return time.perf_counter() - begun


def measure() -> dict[str, float]:
    """Returns lines a second: `evaluate`, `extract and evaluate`, and `shlex.split` as the yardstick."""
    compiled = compile_ruleset(ruleset(), FACTS)
    frozen = [request(line) for line in LINES]

    def evaluating() -> None:
        for item in frozen:
            evaluate(compiled, item, FACTS)

    def both() -> None:
        for line in LINES:
            evaluate(compiled, request(line), FACTS)

    def splitting() -> None:
        for line in LINES:
            shlex.split(line)

    return {
        "evaluate": per_second(evaluating),
        "extract and evaluate": per_second(both),
        "shlex.split": per_second(splitting),
    }


def first_decision() -> float:
    """Returns the seconds from nothing to the first decision: documents read, rules compiled."""
    begun = time.perf_counter()
    compiled: CompiledRuleset = compile_ruleset(ruleset(), FACTS)
    evaluate(compiled, request(LINES[1]), FACTS)
    return time.perf_counter() - begun


def hostile() -> dict[str, float]:
    """Returns the seconds to decide whole hostile texts: read, frozen, decided; a second is the bound."""
    compiled = compile_ruleset(ruleset(), FACTS)
    found = {}
    for name, text in HOSTILE.items():
        begun = time.process_time()
        evaluate(compiled, request(text), FACTS)
        found[name] = time.process_time() - begun
    return found


def main() -> None:
    """Prints the tables."""
    print(f"{'first decision':24} {first_decision() * 1000:10.1f} ms")
    found = measure()
    for name, speed in found.items():
        print(f"{name:24} {speed:10,.0f} /s   {speed / found['shlex.split']:6.2f} of shlex.split")
    for name, seconds in hostile().items():
        print(f"hostile {name:16} {seconds:10.2f} s")


if __name__ == "__main__":
    main()
