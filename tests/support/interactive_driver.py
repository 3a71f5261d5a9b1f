"""Runs one interactive step on the terminal that this process has; prints how it ended.

Arguments: the shell text. Started on a pty of its own by the tests.
"""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from rundown.model.policy import Allowed, Envelope
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import SandboxPlan
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.plan import plan_sandbox
from rundown.sandbox.probe import probe_host
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from rundown.sandbox.survey import survey


def main(text: str) -> None:
    """Runs `text` with sh."""
    view = ViewSettings(root="/usr", home="/nonexistent")
    request = ExecutionRequest(
        run_id="r", position="1", attempt=1, kind="sh", text=text, argv=("/bin/sh", "-c", text), cwd="/tmp",
        env_names=(), operations=(), interactive=True,
    )  # fmt: skip
    host = probe_host()
    allowed = Allowed(request=request, rulings=(), envelope=Envelope())
    settings = LaunchSettings(view=view, env=(("PATH", "/usr/bin:/bin"), ("TERM", "dumb")), pty=True)
    plan = plan_sandbox(allowed, host, survey(allowed.envelope, view), settings)
    assert isinstance(plan, SandboxPlan), plan
    with Launcher(host) as launcher:
        signal.signal(signal.SIGWINCH, lambda *_: launcher.resize(40, 120))
        result = launcher.launch(
            plan,
            lambda _, chunk: sys.stdout.buffer.write(chunk) and sys.stdout.flush(),
            stdin_fd=0,
            size=(24, 80),
        )
    print(f"ended {result.ending} {result.status}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
