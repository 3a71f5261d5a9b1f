"""The JSON Schema of policy documents, made of the types in `form.py`: editors complete and check with it."""

from typing import Any

import msgspec

from rundown.policy.form import Document

SCHEMA_FILE = "policies/policy.schema.json"


def policy_schema() -> dict[str, Any]:
    """Returns the schema of a whole policy document."""
    schema = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Document)))
    definition = schema["$defs"]["Document"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rundown policy",
        "description": definition["description"],
        **schema,
    }


def schema_text() -> str:
    """Returns the schema as it is kept in `policies/policy.schema.json`."""
    return msgspec.json.format(msgspec.json.encode(policy_schema()), indent=2).decode() + "\n"
