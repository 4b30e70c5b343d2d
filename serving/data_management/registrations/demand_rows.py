"""What a partner said of a meter's highest power in a month, as the API lists it."""

from datetime import date, datetime

from sqlalchemy import Date, Double, Unicode
from sqlalchemy.orm import Mapped, mapped_column

from serving.data_management.database.state import Base, Instant


class MaxDemandRow(Base):
    """The maximum of one month."""

    __tablename__ = "max_demand"
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    meter_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    demand: Mapped[float] = mapped_column(Double)
    unit: Mapped[str] = mapped_column(Unicode(4))
    quality: Mapped[str] = mapped_column(Unicode(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
