"""An OAuth2 issuer on this machine (npm oauth2-mock-server), which grants client credentials."""

import contextlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.kafka import free_ports
from infra.npm import package
from lake.errors import LakeError

VERSION = "9.3.0"
START_S = 30
# Tokens last as long as the first argument says; each that is granted is a line of output.
_SERVER = """
import { OAuth2Server } from 'oauth2-mock-server';
const [port, seconds, audience] = process.argv.slice(2);
const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
server.service.on('beforeTokenSigning', (token, request) => {
  token.payload.aud = audience;
  token.payload.sub = 'lake';
  token.payload.scope = request.body.scope;
  token.payload.exp = Math.floor(Date.now() / 1000) + Number(seconds);
  console.log('token');
});
server.service.on('beforeResponse', (response) => { response.body.expires_in = Number(seconds); });
await server.start(Number(port), '127.0.0.1');
"""


class IssuerFailed(LakeError):
    """The issuer did not start."""

    code = "issuer-failed"


@dataclass
class Issuer:
    """``url`` is its name, under which its keys are; ``granted`` counts its tokens."""

    url: str
    audience: str
    log: Path

    @property
    def token_url(self) -> str:
        """Where tokens are to be had."""
        return f"{self.url}/token"

    @property
    def granted(self) -> int:
        """How many tokens it has given."""
        return self.log.read_text().count("token")


@contextlib.contextmanager
def issuer(folder: Path, *, seconds: int, audience: str = "events") -> Iterator[Issuer]:
    """Run an issuer whose tokens last for some seconds; NoNpm, IssuerFailed."""
    installed = package("oauth2-mock-server", VERSION)
    folder.mkdir(parents=True, exist_ok=True)
    script, log = folder / "issuer.mjs", folder / "issuer.log"
    script.write_text(_SERVER)
    link = folder / "node_modules"
    link.symlink_to(installed.parent)
    (address,) = free_ports(1)
    port = address.rpartition(":")[2]
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["node", str(script), port, str(seconds), audience], stdout=output, stderr=output
        )
    try:
        made = Issuer(f"http://localhost:{port}", audience, log)
        _wait(made, process)
        yield made
    finally:
        process.terminate()
        process.wait()


def _wait(made: Issuer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            address = f"{made.url}/.well-known/openid-configuration"
            with urllib.request.urlopen(address, timeout=1) as answer:
                made.url = str(json.load(answer)["issuer"])
                return
        time.sleep(0.1)
    raise IssuerFailed(f"the issuer did not start: {made.log.read_text()[-2000:]}")
