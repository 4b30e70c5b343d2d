"""A real Kafka broker in one process, with the login of Event Hubs, for tests and benchmarks."""

import base64
import contextlib
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from lake.errors import LakeError
from lake.spark import toolchain

PLAIN_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
ALLOWED_URLS = "org.apache.kafka.sasl.oauthbearer.allowed.urls"
START_S = 60
STOP_S = 20


class Issuer(Protocol):
    """Whose tokens a broker takes: its name, with its keys under it, and whom they are for."""

    url: str
    audience: str


class BrokerFailed(LakeError):
    """The broker did not start."""

    code = "broker-failed"


@dataclass
class Broker:
    """A broker whose data, configuration and log are in one folder; it can stop and start again.

    ``plain``, ``sasl``, ``oauth`` are host:port without login, with it, and by an issuer's token.
    ``connection_string`` has the shape of Event Hubs' own and of Microsoft's emulator, which has no
    TLS either; as there, the user is ``$ConnectionString`` and the password the whole string.
    ``keys`` is where the issuer's keys are.
    """

    folder: Path
    plain: str
    sasl: str
    connection_string: str
    oauth: str = ""
    keys: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start on the data there is and return when the broker answers; raises BrokerFailed."""
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                # Kafka asks for an issuer's keys only where this says that it may.
                java(
                    "-Xmx512m",
                    "-XX:+UseSerialGC",
                    f"-D{ALLOWED_URLS}={self.keys}",
                    "kafka.Kafka",
                    config(self.folder),
                ),
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it
            )
        admin = AdminClient({"bootstrap.servers": self.plain, "log_level": 0})
        deadline = time.monotonic() + START_S
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(KafkaException):
                if admin.list_topics(timeout=0.5).brokers:
                    return
            admin.poll(0)
        self.stop()
        last_lines = (self.folder / "broker.log").read_text(errors="replace")[-2000:]
        raise BrokerFailed(f"the Kafka broker did not start:\n{last_lines}", where=str(self.folder))

    def stop(self) -> None:
        """Stop the broker; its data stay."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End the broker as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def kafka_broker(folder: Path, issuer: Issuer | None = None) -> Iterator[Broker]:
    """Run a broker with its files in an empty folder; topics have to be created, nothing guesses.

    With an issuer it has a third door, for those that come with one of its tokens.

    Raises BrokerFailed, and MissingJar (lake.spark.toolchain) when set-up was run without
    ``--tests``.
    """
    plain, sasl, oauth, controller = free_ports(4)
    connection_string = (
        f"Endpoint=sb://{sasl};SharedAccessKeyName=RootManageSharedAccessKey;"
        "SharedAccessKey=bm90LWEtc2VjcmV0;UseDevelopmentEmulator=true;"
    )
    folder.mkdir(parents=True, exist_ok=True)
    config(folder).write_text(
        f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{plain},SASL_PLAINTEXT://{sasl},OAUTH://{oauth},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{plain},SASL_PLAINTEXT://{sasl},OAUTH://{oauth}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,\
OAUTH:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=\
{PLAIN_LOGIN} required \
user_$ConnectionString="{connection_string}";
log.dirs={folder / "data"}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
{_by_token(issuer)}
"""
    )
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    formatted = subprocess.run(
        java(
            *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "kafka.tools.StorageTool", "format"),
            # With "=": one id in 64 begins with a dash, and would be read as an option.
            *(f"--cluster-id={cluster_id}", "-c", config(folder)),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    if formatted.returncode:
        raise BrokerFailed(f"no Kafka storage: {formatted.stderr}", where=str(folder))
    broker = Broker(
        folder, plain, sasl, connection_string, oauth, keys=f"{issuer.url}/jwks" if issuer else ""
    )
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def _by_token(issuer: Issuer | None) -> str:
    """Return what the door for tokens wants; without an issuer it lets nobody in."""
    classes = "org.apache.kafka.common.security.oauthbearer"
    # Named without the door: under its prefix the keys go unseen, and any signature would do.
    if issuer is None:
        return f"""listener.name.oauth.sasl.enabled.mechanisms=PLAIN
listener.name.oauth.plain.sasl.jaas.config={PLAIN_LOGIN} required;"""
    return f"""listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.oauth.oauthbearer.sasl.jaas.config={classes}.OAuthBearerLoginModule required;
listener.name.oauth.oauthbearer.sasl.server.callback.handler.class=\
{classes}.OAuthBearerValidatorCallbackHandler
sasl.oauthbearer.jwt.validator.class={classes}.BrokerJwtValidator
sasl.oauthbearer.jwks.endpoint.url={issuer.url}/jwks
sasl.oauthbearer.expected.audience={issuer.audience}
sasl.oauthbearer.expected.issuer={issuer.url}
listener.name.oauth.oauthbearer.connections.max.reauth.ms=3600000"""


def java(*arguments: str | Path) -> list[str]:
    """Return the command that runs Java on the broker's jars."""
    class_path = ":".join(map(str, toolchain.jars("broker")))
    command = toolchain.java_home() / "bin" / "java"
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return [str(command), "-cp", class_path, quiet, *map(str, arguments)]


def config(folder: Path) -> Path:
    """Return the path of the broker's configuration."""
    return folder / "server.properties"


def free_ports(count: int) -> list[str]:
    """Return host:port of ports that are free now, all different."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{listener.getsockname()[1]}" for listener in sockets]
