"""`LaunchError`: the one way a launch stops before a command runs, carrying what a person must read."""

from rundown.model.sandbox import StageFailure


class LaunchError(Exception):
    """No sandbox could be made. `failure` says at which stage, and why."""

    def __init__(self, stage: str, errno: int | None, detail: str) -> None:
        super().__init__(f"{stage}: {detail}")
        self.failure = StageFailure(stage=stage, errno=errno or 0, detail=detail)
