"""What a survey and a plan need to know of the run and the step, beyond the decision itself."""

from msgspec import Struct

from rundown.model.sandbox import SandboxWish, StepNetwork


class ViewSettings(Struct, frozen=True, kw_only=True):
    """Places of a run, absolute real paths. `tmp` is `{tmp}` as the step sees it; `cache` "" for none."""

    root: str
    home: str
    cache: str = ""
    tmp: str = "/tmp"


class LaunchSettings(Struct, frozen=True, kw_only=True):
    """How one step is to be started.

    `argv` empty: the request's. `env`: names and values, sorted. `host_tmp`: the run's private directory
    on the host (`Launcher.host_tmp`), needed only where no mount namespace can be had. `tmp_bytes`: as
    given to the launcher. `pty`: rundown's own output is a terminal. `network`: where rundown
    listens for the step.
    """

    view: ViewSettings
    env: tuple[tuple[str, str], ...]
    argv: tuple[str, ...] = ()
    cwd: str = ""
    wish: SandboxWish = "default"
    pty: bool = False
    host_tmp: str | None = None
    tmp_bytes: int | None = None
    network: StepNetwork | None = None
