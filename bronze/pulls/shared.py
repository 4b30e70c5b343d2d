"""Questions that parts share -> asked once a run; their answers are kept, up to a size.

Points near each other have the same stations, and a station's archive has megabytes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from bronze.pulls.asking import Answer, Asker, SourceRefused
from bronze.pulls.parts import Part, Request

_MOST_BYTES = 128 * 1024 * 1024
Key = tuple[str, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]


class Shared:
    """Asks through one asker, and once what more than one of the parts asks."""

    def __init__(self, asker: Asker, parts: Iterable[Part]) -> None:
        """Take all parts of a run."""
        self._asker = asker
        self._often = Counter(_asked(request) for part in parts for request in part.requests)
        self._kept: dict[Key, Answer] = {}

    def ask(self, request: Request, conditions: Mapping[str, str]) -> Answer:
        """Return the answer, 204 for a refusal that says only that there are no data yet."""
        key = (*_asked(request), tuple(sorted(conditions.items())))
        if key in self._kept:
            return self._kept[key]
        try:
            answer = self._asker.ask(request, conditions)
        except SourceRefused as error:
            if not request.is_missing(error.status, error.body):
                raise
            answer = Answer(204)
        if self._often[_asked(request)] > 1:
            self._keep(key, answer)
        return answer

    def _keep(self, key: Key, answer: Answer) -> None:
        self._kept[key] = answer
        while sum(len(kept.body) for kept in self._kept.values()) > _MOST_BYTES:
            del self._kept[next(iter(self._kept))]


def _asked(request: Request) -> tuple[str, tuple[tuple[str, str], ...]]:
    return request.url, tuple(sorted(request.params.items()))
