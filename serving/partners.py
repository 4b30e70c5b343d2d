"""A token -> the partner whose portfolio it opens, and how far its data reach.

And the operator, who sees the whole lake.
"""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query

from lake.errors import LakeError
from lake.reading import Reader
from lake.sql_values import literal
from serving.access import EVERYBODY, Caller, Who
from serving.parameters import BadRequest

FRESHNESS = "gold.source_freshness"


class UnknownPartner(LakeError):
    """A partner that the token does not open: none of that name looks the same."""

    code = "unknown-partner"


class OperatorOnly(LakeError):
    """A question about the whole lake, asked with the token of one partner."""

    code = "operator-only"


async def partner(
    who: Who,
    partner_id: Annotated[
        str | None, Query(description="Only for tokens of all partners: whose portfolio.")
    ] = None,
) -> str:
    """Return whose portfolio is asked for; UnknownPartner, BadRequest."""
    own = who.partner_id or partner_id
    if own is None:
        raise BadRequest("the token is of all partners", cure="add partner_id")
    if partner_id not in (None, own):
        raise UnknownPartner(f"you are not {partner_id}", cure="leave partner_id out")
    return own


async def operator(who: Who) -> Caller:
    """Return who asks, where they may see what is of no one partner; OperatorOnly."""
    if who.partner_id is not None:
        raise OperatorOnly("this is about all partners", cure=f"ask for the scope {EVERYBODY}")
    return who


def data_until(lake: Reader, partner_id: str) -> str | None:
    """Return when the last of a partner's data arrived, null where none has."""
    (reach,) = lake.rows(
        f"SELECT max(last_received_at) AS at FROM {FRESHNESS} "
        f"WHERE partner_id = {literal(partner_id)}"
    )
    return reach["at"].isoformat() if isinstance(reach["at"], datetime) else None


Partner = Annotated[str, Depends(partner)]
Operator = Annotated[Caller, Depends(operator)]
