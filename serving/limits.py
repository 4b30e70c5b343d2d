"""So many requests a minute and endpoint, counted in this process."""

from dataclasses import dataclass, field

from lake.errors import LakeError

_MINUTE = 60


class TooManyRequests(LakeError):
    """The minute's allowance is used up; the headers say when there is a new one."""

    code = "too-many-requests"

    def __init__(self, allowance: "Allowance") -> None:
        super().__init__(
            f"more than {allowance.most} requests a minute to this endpoint",
            cure=f"wait {allowance.seconds} s",
        )
        self.headers = {"Retry-After": str(allowance.seconds), **allowance.headers}


@dataclass(frozen=True)
class Allowance:
    """What is left of a minute's requests, and the seconds until there are new ones."""

    most: int
    left: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """The draft standard's fields, and the older names that clients know."""
        return {
            "RateLimit-Limit": str(self.most),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.seconds),
            "X-RateLimit-Limit": str(self.most),
            "X-RateLimit-Remaining": str(self.left),
        }


@dataclass
class Limits:
    """Counts by caller and endpoint in minutes of the clock; old minutes are forgotten."""

    _minute: int = 0
    _used: dict[object, int] = field(default_factory=dict)

    def spend(self, key: object, *, most: int, now: float) -> Allowance:
        """Count one request at ``now`` (seconds since 1970); TooManyRequests."""
        minute = int(now) // _MINUTE
        if minute != self._minute:
            self._minute, self._used = minute, {}
        used = self._used[key] = self._used.get(key, 0) + 1
        allowance = Allowance(most, max(most - used, 0), _MINUTE - int(now) % _MINUTE)
        if used > most:
            raise TooManyRequests(allowance)
        return allowance
