"""What the steps of a run would ask for and be refused, seen before the first of them runs.

Texts are static, so most of it is known beforehand; what depends on values that do not exist yet is asked
for at its step. Decides nothing: it asks the same evaluator that decides each step.
"""

import shlex
from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.policy import Grant, Outcome, Ruling
from rundown.model.request import Capability, ExecutionRequest
from rundown.model.runbook import AgentBody, CommandBody
from rundown.policy.grants import remember, tree_for
from rundown.policy.permissions import decode_permissions, weigh_wishes
from rundown.policy.release import Recipient
from rundown.render.question import describe_words
from rundown.session.crew import crew_of
from rundown.session.desk import Desk, writable_trees
from rundown.session.library import Opened
from rundown.session.ports import Foreseen
from rundown.session.reach import Chapter, chapters
from rundown.session.request import Place
from rundown.session.script import Shop, fill_in, freeze_script
from rundown.session.vault import RunbookSecrets, without_supplied

SecretsOf = Callable[[Opened], RunbookSecrets]

# Programs that change nothing but what their words name, which is decided by itself. Source: their manual
# pages, without the options that extraction names as escapes.
_READERS = frozenset(
    (  # noqa: SIM905
        "awk basename base64 cat cmp column comm cp cut date df diff dirname du echo egrep env expand "
        "false fgrep file find fmt fold getent grep head hostname id join jq ln ls md5sum mkdir mktemp mv "
        "nl nproc numfmt od paste printenv printf pwd rd readlink realpath rg rm rmdir rundown sed seq "
        "sha256sum sleep sort stat tac tail tee test timeout touch tr true uname uniq wc which whoami "
        "xargs xxd "
    ).split()
)


class Outlook(Struct, frozen=True, kw_only=True):
    """`wanted`: what front matter `permissions:` asks for; `asks` and `denials`: what the steps' texts do;
    `writes`: the line that opens the project itself, if a step may want to change its files."""

    wanted: tuple[Foreseen, ...] = ()
    asks: tuple[Foreseen, ...] = ()
    denials: tuple[Foreseen, ...] = ()
    writes: Foreseen | None = None

    def told_by(self, redact: Callable[[str], str]) -> "Outlook":
        """Returns the same in words without secrets; what would be granted stays as it is."""

        def shown(items: tuple[Foreseen, ...]) -> tuple[Foreseen, ...]:
            return tuple(replace(item, text=redact(item.text)) for item in items)

        return replace(self, wanted=shown(self.wanted), asks=shown(self.asks), denials=shown(self.denials))

    def within(self, unit: str) -> "Outlook":
        """Returns what concerns one step, or one substep, and what the runbook itself wants."""
        writes = _within((self.writes,), unit) if self.writes is not None else ()
        return replace(
            self,
            asks=_within(self.asks, unit),
            denials=_within(self.denials, unit),
            writes=next(iter(writes), None),
        )

    @property
    def questions(self) -> tuple[Foreseen, ...]:
        """Everything that a person may settle beforehand."""
        return (*self.wanted, *self.asks, *((self.writes,) if self.writes is not None else ()))


def look_ahead(
    first: Chapter,
    desk: Desk,
    grants: tuple[Grant, ...],
    *,
    agent: str | None = None,
    secrets_of: SecretsOf | None = None,
    cwd: str = "",
) -> Outlook:
    """Returns what the texts of a runbook and of those it leads to say that their steps would need, in order.
    `cwd`: where steps start, "" for the root.

    Raises:
        InvalidInputError: front matter `permissions:` is not valid.
    """
    asks: dict[str, list[tuple[str, Ruling, Grant]]] = {}
    denials: dict[str, list[tuple[str, Ruling, Grant]]] = {}
    doing: list[str] = []
    crew = crew_of(desk, agent)
    for request in foresee(first, desk, agent, secrets_of, cwd):
        if _may_write(request):
            doing.append(request.position)
        for ruling in desk.evaluate(request, (*grants, *crew.program_grants(request))).rulings:
            if ruling.outcome is not Outcome.ALLOW:
                kept = asks if ruling.outcome is Outcome.ASK else denials
                found = (request.position, ruling, remember(request, ruling))
                kept.setdefault(_told(ruling), []).append(found)
    return Outlook(
        wanted=find_wanted(first, desk, grants, secrets_of),
        asks=tuple(_group(text, found, Outcome.ASK) for text, found in asks.items()),
        denials=tuple(_group(text, found, Outcome.DENY) for text, found in denials.items()),
        writes=_writes(desk, doing, grants),
    )


def find_wanted(
    first: Chapter, desk: Desk, grants: tuple[Grant, ...], secrets_of: SecretsOf | None = None
) -> tuple[Foreseen, ...]:
    """Returns what front matter `permissions:` and `secrets:` ask for and do not have, that of children
    included.

    Raises:
        InvalidInputError: it is not valid.
    """
    found: dict[str, Foreseen] = {}
    for chapter in chapters(first, desk.project.root):
        runbook = chapter.opened.runbook
        if not runbook.front.permissions:
            continue
        rules, problems = decode_permissions(runbook.front.permissions, Span(file=runbook.file, line=1))
        if problems:
            raise InvalidInputError(*problems)
        who = f"{chapter.opened.document.file} asks for it" if chapter.at else "the runbook asks for it"
        for wish in weigh_wishes(desk.compiled, rules, grants):
            what = f"{wish.rule.capability.value} {wish.rule.pattern}"
            if wish.outcome is not Outcome.ALLOW and what not in found:
                found[what] = Foreseen(
                    text=f"{what} ({who})", positions=(), outcome=wish.outcome, grants=(wish.grant,)
                )
    return (*found.values(), *_wanted_secrets(first, desk, secrets_of))


def _wanted_secrets(first: Chapter, desk: Desk, secrets_of: SecretsOf | None) -> Iterator[Foreseen]:
    if secrets_of is not None:
        for chapter in chapters(first, desk.project.root):
            yield from secrets_of(chapter.opened).wishes()


def refusals(outlook: Outlook) -> tuple[Diagnostic, ...]:
    """Returns what `permissions:` and `secrets:` ask for and do not have, each with its mend."""
    return tuple(_refused_secret(item) for item in outlook.wanted if item.secret) + tuple(
        Diagnostic(
            code="policy/missing-permission",
            message=f"the runbook needs a permission that it does not have: {item.text}",
            why="denied by policy" if item.outcome is Outcome.DENY else "nobody can be asked here",
            fix=f"--allow-{grant.capability.value} {shlex.quote(grant.pattern)}",
        )
        for item in outlook.wanted
        for grant in item.grants
    )


def _refused_secret(item: Foreseen) -> Diagnostic:
    return Diagnostic(
        code="policy/missing-secret",
        message=f"the runbook needs a secret that is not released to it: {item.secret}",
        why="nobody can be asked here",
        fix=f"--allow-env {item.secret}, or name the runbook in the policy's `secrets:` entry",
    )


def foresee(
    first: Chapter, desk: Desk, agent: str | None, secrets_of: SecretsOf | None = None, cwd: str = ""
) -> Iterator[ExecutionRequest]:
    """Yields the request of every block whose values are known already."""
    root = desk.project.root
    crew = crew_of(desk, agent)
    for chapter in chapters(first, root):
        front, texts = chapter.opened.runbook.front, chapter.texts
        who = agent or front.agent or crew.default
        shop = Shop(shell=front.shell, workspace=desk.workspace, agent=who, own=crew.own)
        secrets = secrets_of(chapter.opened) if secrets_of is not None else None
        for position, body in chapter.units():
            if isinstance(body, CommandBody | AgentBody):
                script = fill_in(body, texts, shop)
                if not isinstance(script, Diagnostic) and not script.problem:
                    place = Place(run_id="outlook", position=position, attempt=1, cwd=cwd or root)
                    request = freeze_script(place, body, script, shop)
                    recipient = _recipient(position.removeprefix(chapter.at), body)
                    yield without_supplied(request, secrets.supplied(recipient) if secrets else frozenset())


def _recipient(position: str, body: CommandBody | AgentBody) -> Recipient:
    step, _, substep = position.partition(".")
    return Recipient(step=step, substep=substep or None, by_agent=isinstance(body, AgentBody))


def _within(items: tuple[Foreseen, ...], unit: str) -> tuple[Foreseen, ...]:
    below = (f"{unit}.", f"{unit}/")
    kept = (
        replace(item, positions=tuple(at for at in item.positions if at == unit or at.startswith(below)))
        for item in items
    )
    return tuple(item for item in kept if item.positions)


def _told(ruling: Ruling) -> str:
    """What a person reads of it beforehand: the plain name, or all of what is not plain, and why."""
    operation = ruling.operation
    if operation.capability is Capability.WRITE and (opened := tree_for(ruling)):
        return f"{operation}: a new file, which needs {opened}"
    if operation.kind in ("literal", "wrapper"):
        return str(operation)
    return f"{operation.capability.value} {describe_words(operation)}: {ruling.why or operation.kind}"


def _may_write(request: ExecutionRequest) -> bool:
    return any(
        item.capability is Capability.RUN and item.resource not in _READERS for item in request.operations
    )


def _group(text: str, found: list[tuple[str, Ruling, Grant]], outcome: Outcome) -> Foreseen:
    return Foreseen(
        text=text,
        positions=tuple(dict.fromkeys(position for position, _, _ in found)),
        outcome=outcome,
        ruling=found[0][1],
        grants=_unique(grant for _, _, grant in found),
    )


def _unique(grants: Iterator[Grant]) -> tuple[Grant, ...]:
    kept: list[Grant] = []
    for grant in grants:
        if grant not in kept:
            kept.append(grant)
    return tuple(kept)


def _writes(desk: Desk, doing: list[str], grants: tuple[Grant, ...]) -> Foreseen | None:
    root = desk.project.root
    pattern = f"{root}/**"
    granted = any(grant.capability is Capability.WRITE and grant.pattern == pattern for grant in grants)
    if not doing or granted or root in writable_trees(desk.compiled) or desk.wish.sandbox == "none":
        return None
    return Foreseen(
        text="write {repo}/** (they may change files of this project)",
        positions=tuple(doing),
        outcome=Outcome.ASK,
        grants=(Grant(capability=Capability.WRITE, pattern=pattern),),
    )
