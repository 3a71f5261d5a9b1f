"""The built-in default says what the policy page says."""

import jsonschema
import msgspec
import pytest
import yaml

from rundown.model.policy import LayerKind, Outcome
from rundown.model.request import Capability
from rundown.policy.document import decode_document
from rundown.policy.load import builtin_document
from rundown.policy.schema import SCHEMA_FILE, policy_schema, schema_text
from tests.support.sources import ROOT as CHECKOUT


def words(text):
    return set(text.split())


def listed(capability, verdict):
    return {
        rule.pattern
        for rule in builtin_document().layer("").rules
        if rule.capability is Capability(capability) and rule.verdict is Outcome(verdict)
    }


def test_what_is_shipped_is_valid_by_the_rules_for_everybody():
    folder = CHECKOUT / "rundown/policy"
    for path in (folder / "builtin.yaml", *(folder / "tools").glob("*.yaml")):
        assert decode_document(path.read_bytes(), path.name, "yaml", LayerKind.POLICY_FILE)[1] == ()


def test_executables():
    assert listed("run", "allow") == words(
        """
        git node npm npx pnpm yarn bun tsc esbuild vite webpack rollup eslint prettier biome jest
        vitest mocha playwright cypress python python3 pip pip3 uv go cargo rustc make cmake rd rundown
        cat ls head tail wc sort uniq cut tr grep egrep fgrep rg diff cmp comm date uname id whoami
        hostname env printenv basename dirname realpath readlink stat file du df which seq sleep nproc
        sha256sum md5sum base64 od xxd jq yq column less tee mkdir touch cp ln mktemp tar gzip gunzip
        zip unzip sed awk find xargs timeout bash sh pytest ruff mypy java mvn gradle
        """
    )
    assert listed("run", "deny") == words(
        """
        sudo su passwd useradd usermod userdel chown chmod curl wget nc netcat ncat ssh scp sftp rsync
        rm rmdir mv dd mkfs fdisk parted kill killall pkill docker podman kubectl helm
        """
    )


def test_paths():
    assert listed("read", "allow") == {"{repo}/**", "{tmp}/**"}
    assert listed("read", "deny") == {
        "**/.env", "**/.env.*", "**/credentials.json", "**/*secret*", "**/*password*", "**/id_rsa",
        "**/id_ed25519", "**/*.pem", "**/*.key",
    }  # fmt: skip
    assert listed("write", "deny") == {
        "**/.env", "**/.env.*", "**/credentials.json", "**/*secret*", "**/*password*"
    }  # fmt: skip


def test_variables_and_hosts():
    assert listed("env", "allow") == words(
        """
        PATH HOME USER SHELL TERM LANG LC_* TMPDIR TMP TEMP CI NODE_ENV DEBUG npm_* RUNDOWN_*
        """
    )
    assert listed("env", "deny") == words(
        """
        *_TOKEN *_KEY *_SECRET *_PASSWORD *_CREDENTIAL AWS_* GCP_* AZURE_* GOOGLE_* KUBECONFIG DOCKER_*
        SSH_* GPG_* GITHUB_TOKEN GITLAB_TOKEN NPM_TOKEN
        """
    )
    assert listed("net", "allow") == set()


def test_its_rules_carry_the_lines_of_its_file():
    text = (CHECKOUT / "rundown/policy/builtin.yaml").read_text().splitlines()
    for rule in builtin_document().layer("").rules:
        assert rule.span is not None and rule.pattern in text[rule.span.line - 1]


def test_the_schema_that_is_kept_is_current():
    assert (CHECKOUT / SCHEMA_FILE).read_text() == schema_text()


def test_the_schema_is_one_and_accepts_what_is_shipped():
    schema = policy_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    shipped = [CHECKOUT / "rundown/policy/builtin.yaml", *(CHECKOUT / "rundown/policy/tools").glob("*.yaml")]
    for path in (*shipped, *(CHECKOUT / "policies").glob("*.yaml")):
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)


@pytest.mark.parametrize(
    "document",
    [{"x": 1}, {"default": {"run": {"alow": []}}}, {"default": {"mode": "maybe"}}, {"overrides": [{}]}],
)
def test_the_schema_refuses_what_decoding_refuses(document):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, policy_schema())


def test_the_schema_text_is_json():
    assert msgspec.json.decode(schema_text()) == policy_schema()
