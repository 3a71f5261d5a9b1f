"""How agents of the Agent Client Protocol are started: configuration of their own that asks for everything.

What the project's files say to the agent's program is switched off or counts as untrusted.
Source: each program's own documentation of its configuration.
"""

import json
from collections.abc import Mapping
from typing import Any

from rundown.agents.place import AgentPlace

_OPENCODE_TOOLS = ("bash", "read", "edit", "list", "glob", "grep", "external_directory", "doom_loop")
_OPENCODE_QUIET = {
    "OPENCODE_DISABLE_PROJECT_CONFIG": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_CLAUDE_CODE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
}


def acp_environment(kind: str, parameters: Mapping[str, str], place: AgentPlace) -> dict[str, str]:
    """Returns the variables that a preset needs; a program of the person's own gets none."""
    match kind:
        case "opencode":
            config = _opencode(parameters, place)
            return {**_OPENCODE_QUIET, "OPENCODE_CONFIG_CONTENT": json.dumps(config)}
        case "gemini":
            return {
                "GEMINI_CLI_NO_RELAUNCH": "true",
                "GEMINI_TELEMETRY_ENABLED": "false",
                "GEMINI_CLI_TRUST_WORKSPACE": "false",
                **({"GEMINI_MODEL": parameters["model"]} if "model" in parameters else {}),
            }
        case "goose":
            return _goose(parameters, place)
        case _:
            return {}


def acp_files(kind: str, parameters: Mapping[str, str], place: AgentPlace) -> tuple[tuple[str, str], ...]:
    """Returns the files of the agent's HOME, path and text."""
    if kind != "gemini":
        return ()
    settings: dict[str, Any] = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": True}},
        "general": {"disableAutoUpdate": True, "disableUpdateNag": True, "topicUpdateNarration": False},
        "tools": {"core": list(_GEMINI_TOOLS)},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "hooksConfig": {"enabled": False},
        "skills": {"enabled": False},
    }
    return (
        (".gemini/settings.json", json.dumps(settings)),
        (".gemini/trustedFolders.json", json.dumps({place.root: "DO_NOT_TRUST"})),
        (".gemini/policies/ask.toml", _GEMINI_POLICY),
    )


_GEMINI_TOOLS = (
    "list_directory",
    "read_file",
    "read_many_files",
    "grep_search",
    "glob",
    "replace",
    "write_file",
    "run_shell_command",
)
# A rule for commands without a pattern of arguments would let those pass that it deems harmless.
_GEMINI_POLICY = """[[rule]]
toolName = "run_shell_command"
argsPattern = "."
decision = "ask_user"
priority = 999

[[rule]]
toolName = "*"
decision = "ask_user"
priority = 998
"""


def _opencode(parameters: Mapping[str, str], place: AgentPlace) -> dict[str, Any]:
    config: dict[str, Any] = {
        "permission": {"*": "deny", **dict.fromkeys(_OPENCODE_TOOLS, "ask")},
        "autoupdate": False,
        "share": "disabled",
        "snapshot": False,
        "mcp": {},
    }
    if place.api is not None:
        # Its clients of both APIs want the version in the base URL.
        config["provider"] = {place.api: {"options": {"baseURL": f"{place.gateway}/v1"}}}
        config["enabled_providers"] = [place.api]
    if "model" in parameters:
        config["model"] = parameters["model"]
    return config


def _goose(parameters: Mapping[str, str], place: AgentPlace) -> dict[str, str]:
    given = {"GOOSE_MODE": "approve", "GOOSE_DISABLE_KEYRING": "1", "GOOSE_TELEMETRY_ENABLED": "false"}
    if place.api is not None:
        host = "ANTHROPIC_HOST" if place.api == "anthropic" else "OPENAI_HOST"
        given |= {"GOOSE_PROVIDER": place.api, host: place.gateway}
    return given | ({"GOOSE_MODEL": parameters["model"]} if "model" in parameters else {})
