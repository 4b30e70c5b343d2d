"""Where to go on with a topic: by what the ledger says and what the broker still has."""

from lake.hops.ledger import Arrival
from lake.ingestion.offsets import EXPIRED, REMADE, Lost, Start, resumed
from lake.ingestion.topics import Topic


def topic(earliest: dict[int, int], latest: dict[int, int], id: str = "one") -> Topic:  # noqa: A002
    return Topic("t", id, earliest, latest)


def start(now: Topic, reached: dict[str, int], known_id: str = "one", generation: int = 1) -> Start:
    return resumed(now, known_id=known_id, generation=generation, reached=reached)


def test_it_goes_on_behind_the_ledger_and_reads_an_unknown_partition_whole() -> None:
    assert start(topic({0: 0, 1: 3}, {0: 9, 1: 7}), {"t/0": 4}) == Start(1, {0: 5, 1: 3})


def test_what_expired_is_lost_and_counts_as_done() -> None:
    found = start(topic({0: 8}, {0: 9}), {"t/0": 4})
    assert found.next == {0: 8}
    assert found.lost == [Lost(0, "t/0", 5, 7, EXPIRED)]
    assert found.passed == [Arrival("t/0", 5, 7, 0, 0)]


def test_a_topic_made_anew_is_read_from_its_beginning_under_another_name() -> None:
    grown = topic({0: 0, 1: 0}, {0: 99, 1: 0}, id="two")
    found = start(grown, {"t/0": 4, "t/1": 5})
    assert (found.generation, found.next) == (2, {0: 0, 1: 0})
    assert found.lost == [Lost(0, "t/0", 5, None, REMADE), Lost(1, "t/1", 6, None, REMADE)]
    assert start(grown, {"t/0": 4, "t~2/0": 9}, "two", 2) == Start(2, {0: 10, 1: 0})


def test_a_broker_without_ids_tells_a_new_topic_by_its_smaller_offsets() -> None:
    found = start(topic({0: 0}, {0: 2}, id=""), {"t/0": 4}, known_id="")
    assert (found.generation, found.next, len(found.lost)) == (2, {0: 0}, 1)


def test_a_log_that_lost_its_end_goes_on_there_and_nothing_is_read_twice() -> None:
    found = start(topic({0: 0, 1: 0}, {0: 3, 1: 9}), {"t/0": 4, "t/1": 5})
    assert (found.generation, found.next, found.lost) == (2, {0: 3, 1: 6}, [])
    assert found.passed == [Arrival("t~2/0", 0, 2, 0, 0), Arrival("t~2/1", 0, 5, 0, 0)]
