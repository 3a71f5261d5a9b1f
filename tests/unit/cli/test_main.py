"""Where rundown says that it cannot run at all."""

import pytest

from rundown.cli.main import refuse_platform


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_where_something_confines_nothing_is_said(platform):
    assert refuse_platform(platform) == ""


@pytest.mark.parametrize("platform", ["win32", "cygwin"])
def test_windows_is_told_of_wsl(platform):
    assert "WSL 2: `wsl --install`" in refuse_platform(platform)
