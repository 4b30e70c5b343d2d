"""Wall-clock stamps in file order -> instants: the repeated hour of autumn is told by the order."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lake.ingestion.files import UnreadableFile


class LocalTime:
    """The clock of one series: give it the stamps in the order of the file."""

    def __init__(self, zone: str) -> None:
        """Take an IANA zone; UnreadableFile where there is none of that name."""
        try:
            self.zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise UnreadableFile(
                f"there is no time zone {zone}", cure="use an IANA name, as in Europe/Brussels"
            ) from error
        # What stamps are counted by; a clock at a fixed offset has no zone of a name.
        self.tz: tzinfo = self.zone
        self._last: datetime | None = None
        self._stamp: datetime | None = None
        # Files that are sorted by the wall clock say each stamp of the repeated hour twice.
        self.is_in_pairs = False

    def instant(self, stamp: datetime) -> datetime | None:
        """Return the instant (UTC) of a stamp without offset; None for an hour that is left out.

        Of the two instants that a stamp in the repeated hour may mean, it is the second where it
        stands right behind the same stamp; else the first that does not lie before the stamp ahead
        of it, unless that was such a second one.
        """
        first, second = (
            stamp.replace(tzinfo=self.tz, fold=fold).astimezone(UTC) for fold in (0, 1)
        )
        if first == second:
            found, self.is_in_pairs = first, False
        elif not self.has(stamp):
            return None
        elif stamp == self._stamp:
            found, self.is_in_pairs = second, True
        elif self.is_in_pairs and self._stamp is not None and self._stamp < stamp:
            found = first
        else:
            found = second if self._last is not None and self._last >= first else first
        self._last, self._stamp = found, stamp
        return found

    def has(self, stamp: datetime) -> bool:
        """Tell whether the wall clock shows a stamp: not one of the hour that is left out."""
        shown = stamp.replace(tzinfo=self.tz, fold=0).astimezone(UTC).astimezone(self.tz)
        return shown.replace(tzinfo=None) == stamp.replace(tzinfo=None)

    def midnight(self, day: datetime) -> datetime:
        """Return the instant (UTC) at which a local day begins."""
        start = day.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=self.tz)
        while start.astimezone(UTC).astimezone(self.tz).date() != day.date():
            start += timedelta(minutes=30)  # a day that begins with the clocks going forward
        return start.astimezone(UTC)
