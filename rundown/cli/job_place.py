"""Where a CI job runs: which runner, in what container, on whose checkout."""

import os
from collections.abc import Mapping
from pathlib import Path

from rundown.cli.runner_streams import is_set
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError
from rundown.render.host_ci import JobPlace
from rundown.session.project import find_project

# Source: each system's list of predefined variables.
_RUNNERS = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI",
    "BUILDKITE": "Buildkite",
    "CIRCLECI": "CircleCI",
    "TF_BUILD": "Azure Pipelines",
    "JENKINS_URL": "Jenkins",
    "TEAMCITY_VERSION": "TeamCity",
    "DRONE": "Drone",
    "BITBUCKET_BUILD_NUMBER": "Bitbucket Pipelines",
}
# Source: docker and podman make these files; Kubernetes sets the variable in every pod.
_MARKS = {"/.dockerenv": "docker", "/run/.containerenv": "podman"}


def find_job_place() -> JobPlace:
    """Returns where this process runs."""
    around = read_surroundings()
    try:
        checkout = find_project(None, around.cwd, around.home).root
    except InvalidInputError:
        checkout = str(around.cwd)
    try:
        owner: int | None = os.stat(checkout).st_uid
    except OSError:
        owner = None
    return JobPlace(
        runner=_runner(around.environ),
        container=_container(around.environ),
        checkout=checkout,
        owner=owner,
        writable=os.access(checkout, os.W_OK | os.X_OK),
    )


def _runner(environ: Mapping[str, str]) -> str:
    named = next((name for variable, name in _RUNNERS.items() if is_set(environ, variable)), "")
    return named or ("some CI (CI is set)" if is_set(environ, "CI") else "")


def _container(environ: Mapping[str, str]) -> str:
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "Kubernetes"
    return next((name for mark, name in _MARKS.items() if Path(mark).exists()), "")
