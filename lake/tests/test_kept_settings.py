"""Settings that a Key Vault or a secret scope keeps, asked for over HTTP by its own client."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.credentials import AccessToken
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lake import kept_settings
from lake.kept_settings import NoStore, key_vault_secrets
from lake.settings import Settings

SECRETS = {
    "eliq-catalog": "prod",
    "entsoe-token": "of entsoe",
    "eliq-secrets--northgrid-sftp": "of northgrid",
    "somebody-elses": "not ours",
}
TOKEN = "a-good-token"
Answer = tuple[int, dict[str, Any], Mapping[str, str]]


@contextmanager
def answering(answer: Callable[[str, str], Answer], *, tls: Path | None = None) -> Iterator[str]:
    """Serve JSON on this machine, given a path with its query and the Authorization header."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = answer(self.path, self.headers.get("Authorization", ""))
            said = json.dumps(body).encode()
            self.send_response_only(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *said: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of this machine with its key, made for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "key vault stand-in")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "vault.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def vault(path: str, authorization: str) -> Answer:
    """Answer as Key Vault 7.x: it asks for a token of its own, and pages of names, then values."""
    if authorization != f"Bearer {TOKEN}":
        asks = (
            'Bearer authorization="https://login.example/tenant", resource="https://vault.example"'
        )
        return 401, {"error": {"code": "Unauthorized", "message": "no"}}, {"WWW-Authenticate": asks}
    name = urlsplit(path).path.strip("/").removeprefix("secrets").strip("/")
    if name:
        return 200, {"value": SECRETS[name], "id": f"https://v/secrets/{name}/1"}, {}
    told = [{"id": f"https://v/secrets/{n}", "attributes": {"enabled": True}} for n in SECRETS]
    gone = {"id": "https://v/secrets/eliq-contact", "attributes": {"enabled": False}}
    return 200, {"value": [*told, gone]}, {}


class Login:
    """A credential of azure-identity's kind."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(self.token, int(time.time()) + 3600)


def options(certificate: Path, token: str = TOKEN) -> dict[str, Any]:
    # The host is an address, so it cannot be checked that the challenge names its domain.
    verify = {"verify_challenge_resource": False, "connection_verify": str(certificate)}
    return {**verify, "credential": Login(token), "retry_total": 0}


def workspace(path: str, authorization: str) -> Answer:
    """Answer as a workspace's Secrets API, which has one scope."""
    asked = parse_qs(urlsplit(path).query)
    if authorization != f"Bearer {TOKEN}" or asked["scope"] != ["eliq"]:
        told = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Scope does not exist!"}
        return 404, told, {}
    if path.startswith("/api/2.0/secrets/list"):
        return 200, {"secrets": [{"key": name} for name in SECRETS]}, {}
    kept = base64.b64encode(SECRETS[asked["key"][0]].encode()).decode()
    return 200, {"key": asked["key"][0], "value": kept}, {}


@pytest.fixture
def databricks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with answering(workspace) as address:
        monkeypatch.setenv("DATABRICKS_HOST", address)
        monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
        yield


@pytest.mark.usefixtures("databricks")
def test_a_secret_scope_says_what_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELIQ_SECRET_SCOPE", "eliq")
    monkeypatch.setenv("ELIQ_SECRETS__OTHER", "of other")
    settings = Settings(contact="somebody")
    assert (settings.catalog, settings.contact) == ("prod", "somebody")
    assert settings.entsoe_token.get_secret_value() == "of entsoe"
    kept = {name: settings.secret(name, of="a test") for name in ("northgrid_sftp", "other")}
    assert [k.get_secret_value() for k in kept.values()] == ["of northgrid", "of other"]
    monkeypatch.setenv("ELIQ_CATALOG", "dev")
    assert Settings().catalog == "dev"


@pytest.mark.usefixtures("databricks")
def test_on_databricks_the_scope_is_asked_where_nothing_says_where_the_lake_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "client.3.1")
    assert Settings().catalog == "prod"
    assert Settings(catalog="dev").entsoe_token.get_secret_value() == ""


@pytest.mark.usefixtures("databricks")
def test_a_scope_that_is_not_there_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELIQ_SECRET_SCOPE", "another")
    with pytest.raises(NoStore, match="secret scope cannot be read: Scope does not exist"):
        Settings()


def test_a_key_vault_is_read_over_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(vault, tls=certificate) as address:
        assert key_vault_secrets(address, **options(certificate)) == SECRETS
        monkeypatch.setattr(
            kept_settings, "key_vault_secrets",
            lambda where: key_vault_secrets(where, **options(certificate)),
        )  # fmt: skip
        settings = Settings(key_vault=address)
        assert settings.entsoe_token.get_secret_value() == "of entsoe"
        with pytest.raises(NoStore, match="Key Vault cannot be read") as refused:
            key_vault_secrets(address, **options(certificate, token="a-bad-one"))
        assert "a-bad-one" not in str(refused.value)


@pytest.mark.usefixtures("databricks")
def test_a_key_vault_that_a_scope_names_is_asked(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(vault, tls=certificate) as address:
        monkeypatch.setitem(SECRETS, "eliq-key-vault", address)
        asked = []

        def ask(where: str) -> dict[str, str]:
            asked.append(where)
            return key_vault_secrets(where, **options(certificate))

        monkeypatch.setattr(kept_settings, "key_vault_secrets", ask)
        assert Settings(secret_scope="eliq").catalog == "prod"
        assert asked == [address]


def test_nothing_is_asked_where_no_store_is_named() -> None:
    assert Settings().catalog == ""
