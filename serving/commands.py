"""`lake serve`, `lake token`, `lake drift` and `lake state`."""

import signal
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from lake.errors import LakeError
from lake.ingestion.names import PARTNER_ID_CURE, is_partner_id
from lake.settings import Settings
from lake.terminal import Form

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI


def add(app: typer.Typer) -> None:
    """Add the commands that answer."""

    @app.command("serve")
    def _serve(
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8000,
        developer: Annotated[
            bool,
            typer.Option(
                help="On this machine's own address the page needs no token, so whoever reaches it "
                "sees all partners: say --no-developer behind a proxy or on a shared machine."
            ),
        ] = True,
    ) -> None:
        """Serve the Insights API and the dashboard.

        Example: lake serve --port 8080 --no-developer
        """
        serve(host, port, is_developer=developer)

    @app.command("token")
    def _token(
        partner: Annotated[str, typer.Option(help="Whose locations it opens.")],
        scope: Annotated[
            str,
            typer.Option(
                help="Scopes, parted by spaces: insights.read (if none is said), data.read, "
                "data.write, market.write (weather, prices and co2, of all partners)."
            ),
        ] = "",
        days: Annotated[float, typer.Option(help="How long it is valid.")] = 30,
    ) -> None:
        """Print a developer token of one partner for the API.

        Example: curl -H "Authorization: Bearer $(lake token --partner ideal)" …
        """
        typer.echo(token(partner, scope, days))

    app.command("drift")(drift)

    state = typer.Typer(no_args_is_help=True, help="The database of the Data Management API.")
    app.add_typer(state, name="state")

    @state.callback()
    def _state() -> None:
        """Keep `upgrade` a command of its own."""

    @state.command("upgrade")
    def _upgrade() -> None:
        """Make or renew the tables of the state, as the server does at its start.

        Example: lake state upgrade
        """
        typer.echo(f"the state is at {', '.join(upgrade_state())}")


def drift(
    partner: Annotated[str, typer.Option(help="Only this partner's.")] = "",
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only what was received since this day."),
    ] = None,
    form: Form = "table",
) -> None:
    """Show which fields came otherwise than agreed, the newest and what breaks first.

    Example: lake drift --partner northgrid --since 2025-10-01
    """
    from lake.catalog import catalog
    from lake.reading import Reader
    from lake.rows_as_text import show
    from serving.drift import drift as found

    day = since.date() if since else None
    reader = Reader(Settings(), catalog().tables)
    typer.echo(show(found(reader, partner=partner, since=day), form))


class NoPartnerId(LakeError):
    """A partner whose files would not be read, as no folder of landing can be called so."""

    code = "no-partner-id"


class CannotListen(LakeError):
    """The address is taken, or not this machine's."""

    code = "cannot-listen"


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    settings: Settings | None = None,
    is_developer: bool = True,
) -> None:
    """Answer until interrupted; CannotListen.

    On a loopback address the page needs no token, unless ``is_developer`` is false; port 0 takes
    a free one.
    """
    from serving.app import create_app
    from serving.page import is_loopback

    settings = settings or Settings()
    with _listening(host, port) as listener:
        address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        is_mine = is_developer and is_loopback(host)
        app = create_app(settings, is_developer=is_mine)
        documents = "/openapi.json, /data-management/openapi.json"
        print(f"Insights API and dashboard on {address} (API documents: {documents})", flush=True)
        if not is_mine:
            print("the page asks for a token: lake token --partner P", file=sys.stderr)
        # The server hands a signal on when the last answers are out; both then end it cleanly.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            server(app).run(sockets=[listener])


def server(app: "FastAPI") -> "uvicorn.Server":
    """Return the server of an app as all of ours are set."""
    import uvicorn

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=5,
        # Longer than clients and load balancers keep a connection, so that they close it first.
        timeout_keep_alive=75,
        proxy_headers=False, server_header=False,
    )  # fmt: skip
    return uvicorn.Server(config)


def token(
    partner: str, scope: str = "", days: float = 30, *, settings: Settings | None = None
) -> str:
    """Return a developer token of one partner, valid for some days in this lake.

    NoPartnerId; WeakSecret and NoSecret where there is no key to sign it with.
    """
    from serving.access import EVERYBODY, READ, signed_token, signing_key

    # A token of all partners, for those who run the platform, names none.
    is_of_all = not partner and scope == EVERYBODY
    if not (is_of_all or is_partner_id(partner)):
        raise NoPartnerId(f"{partner!r} is no partner id", cure=PARTNER_ID_CURE)
    return signed_token(
        signing_key(settings or Settings()),
        partner=partner,
        subject=f"developer:{partner}",
        scope=scope or READ,
        now=datetime.now(UTC),
        lasts=timedelta(days=days),
    )


def upgrade_state(settings: Settings | None = None) -> tuple[str, ...]:
    """Make or renew the tables of the state and return the newest migrations; StateUnavailable."""
    from serving.data_management.database.migrating import upgrade
    from serving.data_management.database.state import opened

    state = opened(settings or Settings())
    try:
        return upgrade(state)
    finally:
        state.engine.dispose()


def check_port(port: int, host: str = "127.0.0.1") -> None:
    """Raise CannotListen where serve() could not listen: said before long work, not after it."""
    _listening(host, port).close()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, so that asyncio sends small answers at once (TCP_NODELAY).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # From here on callers wait in line, also while the app starts.
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        why = error.strerror if isinstance(error, OSError) else str(error)
        cure = "stop the other program or take another --port"
        raise CannotListen(f"cannot listen on {host}:{port}: {why}", cure=cure) from error
    return listener
