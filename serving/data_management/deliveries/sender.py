"""Deliveries that wait -> the receivers, at least once, again and again for 24 hours.

A delivery is taken for a minute; a process that dies in between has sent it or not, and it is sent
again. Each goes over one plain connection to the address that was judged: no redirect is followed,
nothing of the answer is kept but its status.
"""

import http.client
import logging
import random
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from lake.errors import LakeError
from serving.data_management.database.state import State
from serving.data_management.deliveries.addresses import BadAddress, Receiver, receiver
from serving.data_management.deliveries.signing import HEADER, signature
from serving.data_management.deliveries.tables import (
    DELIVERED,
    GIVEN_UP,
    PENDING,
    DeliveryRow,
    WebhookRow,
)

_log = logging.getLogger(__name__)
TRIED_FOR = timedelta(hours=24)
KEPT_FOR = timedelta(days=30)
_TAKEN_FOR = timedelta(minutes=1)
_FIRST_S, _LONGEST_S = 5.0, 3_600.0
_TIMEOUT_S, _DEADLINE_S, _LOOK_S = 10.0, 15.0, 2.0
_AT_ONCE, _OF_ONE, _OF_PARTNER = 8, 2, 3
_RANDOM = random.SystemRandom()
_FORGET_EVERY = timedelta(hours=1)


class _Call(NamedTuple):
    delivery_id: str
    webhook_id: str
    partner_id: str
    event_type: str
    body: bytes
    url: str
    secrets: list[str]


@dataclass
class WebhookSender:
    """The thread that sends; ``first_s`` is the wait after the first failure, then doubled."""

    state: State
    clock: Callable[[], datetime]
    is_developer: bool
    first_s: float = _FIRST_S
    _woken: threading.Event = field(default_factory=threading.Event)
    _ends: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    # What is being sent: to which webhook, of which partner.
    _busy: dict[str, tuple[str, str]] = field(default_factory=dict)
    _forgot_at: datetime | None = None

    def start(self) -> None:
        """Begin with what waits."""
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for deliveries now."""
        self._woken.set()

    def stop(self) -> None:
        """End after what is under way."""
        self._ends.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook") as senders:
            while not self._ends.is_set():
                try:
                    calls = self.state.write(self._taken) if len(self._busy) < _AT_ONCE else []
                    for call in calls:
                        self._busy[call.delivery_id] = call.webhook_id, call.partner_id
                        senders.submit(self._sent, call)
                    self._forget()
                except LakeError as error:
                    _log.warning("webhooks wait: %s", error)
                self._woken.wait(min(_LOOK_S, self.first_s))
                self._woken.clear()

    def _taken(self, session: Session) -> list[_Call]:
        """Take what is due, few of each receiver and partner: one that is slow is slow alone."""
        now = self.clock()
        busy = list(self._busy.values())
        of_partner = Counter(partner for _, partner in busy)
        places = {
            name: func.row_number().over(partition_by=of, order_by=(DeliveryRow.next_at,))
            for name, of in (("place", DeliveryRow.webhook_id), ("turn", WebhookRow.partner_id))
        }
        due = (
            select(DeliveryRow.delivery_id, *(one.label(name) for name, one in places.items()))
            .join(WebhookRow, WebhookRow.webhook_id == DeliveryRow.webhook_id)
            .where(
                DeliveryRow.delivery_state == PENDING,
                DeliveryRow.next_at <= now,
                DeliveryRow.webhook_id.not_in({webhook for webhook, _ in busy}),
                WebhookRow.partner_id.not_in(
                    {partner for partner, n in of_partner.items() if n >= _OF_PARTNER}
                ),
                WebhookRow.is_paused.is_(False),
            )
            .subquery()
        )
        few = session.execute(
            select(DeliveryRow, WebhookRow)
            .join(due, due.c.delivery_id == DeliveryRow.delivery_id)
            .join(WebhookRow, WebhookRow.webhook_id == DeliveryRow.webhook_id)
            .where(due.c.place <= _OF_ONE, due.c.turn <= _OF_PARTNER)
            .order_by(DeliveryRow.next_at)
            .limit(_AT_ONCE - len(self._busy))
        ).all()
        calls = []
        for row, hook in few:
            of_partner[hook.partner_id] += 1
            if of_partner[hook.partner_id] > _OF_PARTNER:
                continue
            row.next_at = now + _TAKEN_FOR
            signs = [hook.secret]
            if hook.old_secret and hook.old_until and hook.old_until > now:
                signs.append(hook.old_secret)
            body = row.body.encode()
            calls.append(
                _Call(
                    row.delivery_id,
                    hook.webhook_id,
                    hook.partner_id,
                    row.event_type,
                    body,
                    hook.url,
                    signs,
                )
            )
        return calls

    def _sent(self, call: _Call) -> None:
        """Send it and note what was answered; then there is room for another."""
        try:
            self._send(call)
        except LakeError as error:  # it is sent again in a minute
            _log.warning("webhooks wait: %s", error)
        finally:
            self._busy.pop(call.delivery_id, None)
            self._woken.set()

    def _send(self, call: _Call) -> None:
        status, problem = None, None
        try:
            to = receiver(call.url, is_developer=self.is_developer)
            status = _answered(to, call, int(self.clock().timestamp()))
        except BadAddress as error:
            problem = error.what
        except (OSError, http.client.HTTPException) as error:
            problem = _plain(error)
        self.state.write(lambda session: self._noted(session, call.delivery_id, status, problem))

    def _noted(
        self, session: Session, delivery_id: str, status: int | None, problem: str | None
    ) -> None:
        row = session.get(DeliveryRow, delivery_id)
        if row is None:
            return
        now = self.clock()
        row.attempts += 1
        row.sent_at, row.answer_status, row.problem = now, status, problem
        if status is not None and 200 <= status < 300:
            row.delivery_state = DELIVERED
            return
        wait = min(self.first_s * 2 ** (row.attempts - 1), _LONGEST_S) * _RANDOM.uniform(0.8, 1.2)
        row.next_at = now + timedelta(seconds=wait)
        if row.next_at > row.created_at + TRIED_FOR:
            row.delivery_state = GIVEN_UP

    def _forget(self) -> None:
        now = self.clock()
        if self._forgot_at is not None and now - self._forgot_at < _FORGET_EVERY:
            return
        self._forgot_at = now
        old = delete(DeliveryRow).where(DeliveryRow.created_at < now - KEPT_FOR)
        self.state.write(lambda session: session.execute(old))


class _ToAddress(http.client.HTTPConnection):
    """A connection to an address that was judged, under the receiver's own name."""

    def __init__(self, to: Receiver) -> None:
        super().__init__(to.host, to.port, timeout=_TIMEOUT_S)
        self._to = to
        self._is_over = False

    def cut_off(self) -> None:
        """End it from another thread."""
        self._is_over = True
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def connect(self) -> None:
        """Open it; a certificate must be valid for the name."""
        self.sock = socket.create_connection((self._to.address, self._to.port), _TIMEOUT_S)
        if self._to.scheme == "https":
            context = ssl.create_default_context()
            # Shaken hands with once it is ours, so that this can be cut off too.
            wrapped = context.wrap_socket(
                self.sock, server_hostname=self._to.host, do_handshake_on_connect=False
            )
            self.sock = wrapped
            self._in_time()
            wrapped.do_handshake()
        self._in_time()

    def _in_time(self) -> None:
        if self._is_over:
            raise TimeoutError


def _answered(to: Receiver, call: _Call, at_s: int) -> int:
    """Send it, and return the status of the answer."""
    connection = _ToAddress(to)
    # A receiver that answers byte by byte is cut off.
    cut_off = threading.Timer(_DEADLINE_S, connection.cut_off)
    cut_off.start()
    headers = {
        "Content-Type": "application/json", "User-Agent": "eliq-webhooks/1",
        "Webhook-Id": call.delivery_id, "Webhook-Event": call.event_type,
        HEADER: signature(call.body, at_s=at_s, secrets=call.secrets),
    }  # fmt: skip
    try:
        connection.request("POST", to.target, call.body, headers)
        return connection.getresponse().status
    finally:
        cut_off.cancel()
        connection.close()


def _plain(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT_S:.0f} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the certificate is not valid"
    return f"no answer: {type(error).__name__}"
