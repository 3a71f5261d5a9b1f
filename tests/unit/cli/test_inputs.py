"""Where a run's values come from, as they were given."""

import os
import tempfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.cli.inputs import given_values
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError
from rundown.session.values import Given

NOTHING: dict[str, tuple[str, ...]] = {"texts": (), "json_texts": (), "files": (), "hidden": ()}


def given(project: Path, **inputs: tuple[str, ...]) -> Given:
    around = replace(read_surroundings(), environ={"RD_INPUT_Site": "east"})
    return given_values({**NOTHING, **inputs}, around)


def test_everything_is_handed_on_by_the_way_it_was_given(project: Path) -> None:
    (project / "a.yaml").write_text("Site: a\n")
    (project / "b.json").write_text('{"Site": "b"}')
    (project / ".rundown").mkdir()
    (project / ".rundown/config.yaml").write_text("Site: config\n")
    found = given(project, texts=("Site=x",), json_texts=("N=1",), files=("a.yaml", "b.json"))
    assert found == Given(
        texts=("Site=x",),
        json_texts=("N=1",),
        files=({"Site": "b"}, {"Site": "a"}),
        environment={"RD_INPUT_Site": "east"},
        config={"Site": "config"},
    )


def config_at(folder: Path, value: str) -> None:
    (folder / ".rundown").mkdir(parents=True, exist_ok=True)
    (folder / ".rundown/config.yaml").write_text(f"From: {value}\n")


@pytest.mark.parametrize(
    ("places", "cwd", "config"),
    [
        ([], "sub/deep", {}),
        (["."], "sub/deep", {"From": "."}),
        ([".", "sub"], "sub/deep", {"From": "sub"}),
        ([".."], "sub/deep", {}),
    ],
)
def test_the_nearest_config_up_to_the_projects_root_counts(
    places: list[str], cwd: str, config: dict[str, str], project: Path
) -> None:
    (project / cwd).mkdir(parents=True)
    for place in places:
        config_at(project / place, place)
    os.chdir(project / cwd)
    assert given(project).config == config


def test_without_a_project_the_way_up_ends_at_the_home(project: Path) -> None:
    home = project.parent / "home"
    (home / "notes/deep").mkdir(parents=True)
    config_at(project.parent, "above the home")
    os.chdir(home / "notes/deep")
    assert given(project).config == {}
    config_at(home / "notes", "notes")
    assert given(project).config == {"From": "notes"}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make another user's files")
@pytest.mark.parametrize("theirs", [".rundown", ".rundown/config.yaml"])
def test_values_that_another_user_put_above_the_project_are_refused(theirs: str, project: Path) -> None:
    (project / "sub").mkdir()
    config_at(project, "theirs")
    os.chown(project / theirs, 65534, 65534)
    os.chdir(project / "sub")
    with pytest.raises(InvalidInputError, match="foreign-config"):
        given(project)
    os.chown(project, 65534, 65534)
    assert given(project).config == {"From": "theirs"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not enter")
def test_a_folder_that_the_caller_may_not_enter_is_named_with_its_owner_and_stops_the_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:
        place = Path(made)
        config_at(place, "hidden")
        place.chmod(0o755)
        (place / ".rundown").chmod(0o700)
        monkeypatch.chdir(place)
        os.seteuid(65534)
        try:
            with pytest.raises(InvalidInputError) as caught:
                given(place)
        finally:
            os.seteuid(0)
        monkeypatch.chdir(project)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("cli/closed-folder", f"{made}/.rundown cannot be entered")
    assert found.why.startswith("it belongs to user 0, not to you (65534), its mode is 0700")
    assert "chmod a+rx" in found.fix
