"""Questions to draw: plausible ones, none of them about anything on this machine."""

from rundown.model.policy import Fix, Outcome, Ruling
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.session.ports import HostQuestion, Question, Subject

DEPLOY = 'kubectl apply -f deploy.yaml\nkubectl rollout status deployment/api --timeout=90s | tee "$LOG"\n'


def ruling(capability: Capability, resource: str, **more: object) -> Ruling:
    """Returns an ask that the mode decided."""
    operation = Operation(capability=capability, resource=resource, **more)  # type: ignore[arg-type]
    fix = Fix(
        flag=f"--allow-{capability.value} {resource}", yaml=f"{capability.value}: {{allow: [{resource}]}}"
    )
    return Ruling(
        operation=operation, outcome=Outcome.ASK, mode="prompted", why="no rule mentions it", fix=fix
    )


KUBECTL = ruling(
    Capability.RUN,
    "kubectl",
    resolved="/usr/local/bin/kubectl",
    argv=("kubectl", "apply", "-f", "deploy.yaml"),
)
LOG = ruling(Capability.WRITE, "/var/log/deploy.log", resolved="/var/log/deploy.log")
ENV = ruling(Capability.ENV, "KUBECONFIG")


def request(text: str = DEPLOY, *asks: Ruling) -> ExecutionRequest:
    """Returns a request for a script in bash."""
    return ExecutionRequest(
        run_id="r",
        position="2.1",
        attempt=1,
        kind="bash",
        text=text,
        argv=("/bin/bash", "-c", text),
        cwd="/work/shop",
        env_names=("LOG",),
        operations=tuple(ask.operation for ask in asks),
    )


def question(*asks: Ruling, text: str = DEPLOY, **more: object) -> Question:
    """Returns a question about these asks; about kubectl without any."""
    asked = asks or (KUBECTL,)
    return Question(
        request=request(text, *asked),
        subject=Subject(title="Roll the new version out", progress="3/12"),
        asks=asked,
        rulings=asked,
        sees=(
            "reads   this project, its own /tmp, what it writes, the system's files; nothing that policy denies",
            "writes  dist/, build/, its own /tmp, its cache",
            "reaches no network",
        ),
        **more,  # type: ignore[arg-type]
    )


def host_question() -> HostQuestion:
    """Returns a question about one connection."""
    return HostQuestion(
        position="4",
        subject=Subject(title="Fetch the rates", progress="5/12"),
        host="rates.internal.example",
        port=8443,
        addresses=("10.2.0.7 (private)",),
        ask=ruling(Capability.NET, "rates.internal.example:8443"),
    )
