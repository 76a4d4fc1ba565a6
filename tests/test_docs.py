"""Documents: every setting, command and migration is named, every link leads somewhere."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from api.cli.__main__ import COMMANDS
from spatial.errors import ConfigError
from spatial.settings import PREFIX, PROJECT, Settings
from tests.conftest import ROOT, program

DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")]
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#]+)")


def shown(default: object) -> str:
    if default is None:
        return "–"
    if isinstance(default, bool):
        return f"`{int(default)}`"
    if isinstance(default, Path):
        return f"`{default.relative_to(PROJECT)}`"
    return f"`{default}`"


def test_few_settings_each_documented_with_its_default():
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert 5 < len(fields(Settings)) <= 23
    for field in fields(Settings):
        line = f"| `{PREFIX}{field.name.upper()}` | {shown(field.default)} | "
        assert line + field.metadata["help"] in text


def test_no_document_names_a_setting_that_is_not_there():
    known = {PREFIX + field.name.upper() for field in fields(Settings)}
    for document in DOCUMENTS:
        named = set(re.findall(r"SIGANG_[A-Z_]+[A-Z]", document.read_text("utf-8")))
        assert named <= known, document.name


def test_settings_survive_the_environment_and_refuse_what_they_do_not_know(tmp_path):
    settings = Settings(home=tmp_path, port=8123, routing=False, freeze="2026-03-02T00:00:00+08:00")
    assert Settings.from_env(settings.to_env()) == settings
    with pytest.raises(ConfigError, match="SIGANG_PROT"):
        Settings.from_env({"SIGANG_PROT": "1"})
    with pytest.raises(ConfigError, match="SIGANG_PORT"):
        Settings.from_env({"SIGANG_PORT": "many"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "-1"), ("PORT", "99999"), ("WORKERS", "0"), ("WORKERS", "-1"),
        ("POOL_SIZE", "0"), ("STATEMENT_TIMEOUT_MS", "-1"), ("STATEMENT_TIMEOUT_MS", "99999999999"),
        ("TILE_CACHE_MB", "-5"), ("REQUESTS_PER_MINUTE", "-1"), ("LOG_LEVEL", "loud"),
        ("PUBLIC_URL", "map.example.org"), ("PUBLIC_URL", "https://"),
        ("CORS_ORIGINS", "*"), ("CORS_ORIGINS", "https://a.example/map"),
        ("CORS_ORIGINS", "https://a.example, b.example"),
        # as no browser writes an origin
        ("CORS_ORIGINS", "https://a.example:443"), ("CORS_ORIGINS", "https://*.example"),
        ("CORS_ORIGINS", "https://müller.example"), ("CORS_ORIGINS", "https://a.example:"),
        ("PUBLIC_URL", "https://a b"), ("PUBLIC_URL", "https://user@map.example.org"),
        ("PUBLIC_URL", "ftp://map.example.org"), ("PUBLIC_URL", "https://map.example.org:x"),
        ("DATABASE_URL", "mysql://x"), ("APP_DATABASE_URL", "host=x"),
    ],
)  # fmt: skip
def test_a_setting_that_no_server_can_serve_with_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"SIGANG_{name}"):
        Settings.from_env({f"SIGANG_{name}": value})


def test_an_issuer_needs_its_keys(tmp_path):
    with pytest.raises(ConfigError, match="SIGANG_OIDC_KEYS"):
        Settings.from_env({"SIGANG_OIDC_ISSUER": "https://id.example.org"})
    with pytest.raises(ConfigError, match="SIGANG_OIDC_ISSUER"):
        Settings.from_env({"SIGANG_OIDC_KEYS": str(tmp_path)})


def test_the_proxy_of_the_operators_page_is_as_nginx_wants_it(tmp_path):
    nginx, openssl = program("nginx", "/usr/sbin/nginx"), program("openssl")
    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=map.example.org",
         "-keyout", key, "-out", certificate], check=True, capture_output=True,
    )  # fmt: skip
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    server, headers = re.findall(r"```nginx\n(.*?)```", text, re.S)
    server = server.replace("/etc/ssl/map.example.org.pem", str(certificate))
    server = server.replace("/etc/ssl/map.example.org.key", str(key))
    (tmp_path / "sigang_headers").write_text(headers, "utf-8")
    around = (
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {server} }}"
    )
    (tmp_path / "nginx.conf").write_text(around, "utf-8")
    command = [nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_of_every_command_has_an_example_and_needs_no_environment(command):
    arguments = [command] if command else []
    result = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "sigang"), *arguments, "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert re.search(rf"examples?:\n +\./sigang {command}", result.stdout), result.stdout


def test_every_command_is_in_the_help():
    result = subprocess.run(
        [str(ROOT / "sigang"), "--help"], capture_output=True, text=True, check=True
    )
    listed = set(re.findall(r"^ {4}(\w+) ", result.stdout, re.MULTILINE))
    assert listed == set(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    targets = LINK.findall(document.read_text("utf-8"))
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert missing == []


def test_the_changelog_names_every_migration():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    revisions = [path.name[:4] for path in (ROOT / "spatial/migrations/versions").glob("0*.py")]
    assert len(revisions) >= 4
    assert [revision for revision in revisions if f"**{revision}**" not in text
            and f"Migration {revision}**" not in text] == []  # fmt: skip


def test_the_readme_has_the_two_commands_the_tour_and_a_picture():
    text = (ROOT / "README.md").read_text("utf-8")
    for part in ("./sigang up", "./sigang test", "杭州湾跨海大桥", "```mermaid", "NOTICE"):
        assert part in text
