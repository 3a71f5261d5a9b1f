"""Which variables are taken to hold secrets."""

from rundown.redact.names import secret_values


def test_secrets_are_known_by_name_or_by_being_declared() -> None:
    variables = {
        "NPM_TOKEN": "a",
        "API_KEY": "b",
        "CLIENT_SECRET": "c",
        "DB_PASSWORD": "d",
        "X_CREDENTIAL": "e",
        "PATH": "f",
        "KEYS": "g",
        "DSN": "h",
        "EMPTY_TOKEN": "",
    }
    assert secret_values(variables, declared=("DSN", "ABSENT")) == {
        "NPM_TOKEN": "a",
        "API_KEY": "b",
        "CLIENT_SECRET": "c",
        "DB_PASSWORD": "d",
        "X_CREDENTIAL": "e",
        "DSN": "h",
    }
