"""What is said of webhooks and their deliveries, in both directions."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from serving.data_management.deliveries.events import TYPES

EventType = Literal["job.completed", "job.failed", "readings.rejected"]
_TOLD = """Which; none are all of them. `job.completed` and `job.failed` bring the job.
`readings.rejected` brings counts: of a job its `job_id` and `rows_refused`; of a request
`received_at`, `blocks_taken`, `blocks_refused` and `reasons` (blocks by reason). A dry run rejects
nothing."""
assert set(EventType.__args__) == set(TYPES)  # type: ignore[attr-defined]


class WebhookSaid(BaseModel, extra="forbid"):
    """Where events go, and which; no event types are all of them, also those to come."""

    url: str = Field(max_length=2_000, examples=["https://example.com/eliq"])
    event_types: list[EventType] = Field(
        default_factory=list, max_length=len(TYPES), description=_TOLD
    )
    description: str = Field(default="", max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")


class WebhookChange(BaseModel, extra="forbid"):
    """What changes; what is left out stays."""

    url: str | None = Field(default=None, max_length=2_000)
    event_types: list[EventType] | None = Field(default=None, max_length=len(TYPES))
    description: str | None = Field(default=None, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
    is_paused: bool | None = None


class Webhook(BaseModel):
    """A subscription; ``secret`` is said once, when it is made or rotated."""

    webhook_id: str
    url: str
    event_types: list[str]
    description: str
    is_paused: bool
    secret: str | None
    old_secret_until: AwareDatetime | None
    created_at: AwareDatetime


class Webhooks(BaseModel):
    """A page of subscriptions."""

    items: list[Webhook]
    next_cursor: str | None


class Delivery(BaseModel):
    """One event for one webhook: how often it was sent, and what was answered last."""

    delivery_id: str
    event_id: str
    event_type: str
    state: Literal["pending", "delivered", "failed"]
    attempts: int
    answer_status: int | None
    problem: str | None
    created_at: AwareDatetime
    sent_at: AwareDatetime | None
    next_at: AwareDatetime | None


class Deliveries(BaseModel):
    """A page of deliveries, the oldest first; they are kept for 30 days."""

    items: list[Delivery]
    next_cursor: str | None
