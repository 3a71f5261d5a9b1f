"""How Codex is started: a private CODEX_HOME in which the work tree is untrusted, the model the gateway.

A trusted repository's own configuration would start its MCP servers. Codex's nested sandbox is off, because
ours is on and refuses the calls it needs.
Source: `codex app-server --help`, and the configuration reference of Codex 0.1xx.
"""

import json
from collections.abc import Mapping

from rundown.agents.place import AgentPlace

_FOLDER = ".codex"
# A terminal could be typed into unasked, pictures are looked at unasked; the rest reaches elsewhere.
_OFF = (
    "unified_exec_tty",
    "view_image",
    "image_generation",
    "multi_agent",
    "goals",
    "sleep_tool",
    "hooks",
    "apps",
    "plugins",
    "remote_plugin",
    "skill_search",
    "tool_suggest",
)
_CONFIG = """{model}model_provider = "rundown"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
web_search = "disabled"

[features]
{features}

[model_providers.rundown]
name = "rundown"
base_url = {base}
env_key = "OPENAI_API_KEY"
wire_api = "responses"
requires_openai_auth = false

[projects.{root}]
trust_level = "untrusted"

[analytics]
enabled = false

[history]
persistence = "none"
"""


def codex_argv(executable: str) -> tuple[str, ...]:
    """Returns the command line; everything else stands in the configuration."""
    return (executable, "app-server")


def codex_environment(place: AgentPlace) -> dict[str, str]:
    """Returns its own variables."""
    return {"CODEX_HOME": f"{place.home}/{_FOLDER}"}


def codex_files(parameters: Mapping[str, str], place: AgentPlace) -> tuple[tuple[str, str], ...]:
    """Returns its configuration. JSON strings are TOML basic strings."""
    model = f"model = {json.dumps(parameters['model'])}\n" if "model" in parameters else ""
    base = json.dumps(f"{place.gateway}/v1")
    features = "\n".join(f"{name} = false" for name in _OFF)
    text = _CONFIG.format(model=model, features=features, base=base, root=json.dumps(place.root))
    return ((f"{_FOLDER}/config.toml", text),)
