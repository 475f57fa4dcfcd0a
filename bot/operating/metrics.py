"""The figures as Prometheus reads them; the only home of its library.

No label tells who or where: a label is a platform, a command of the menu, a state or an outcome, so that the number of
series does not grow with the number of workspaces.
"""

from collections.abc import Iterable, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.operating.status import Status
from bot.tally import Spread, Tally

COUNTED = {
    "commands": ("Commands by name and outcome; without a name, what is none.", ("platform", "command", "outcome")),
    "faults": ("Answers that failed by a fault of ours.", ("platform",)),
    "digests": ("Digests of this process by what became of them; those sent late count as sent, too.", ("outcome",)),
    "limited": ("Answers of a platform that asked for fewer requests (429).", ("platform",)),
    "reconnects": ("Connections to a platform that were made anew.", ("platform",)),
    "heartbeats": ("Heartbeats to the dead man's switch.", ("outcome",)),
}
SPREAD = {
    "answers": ("answer_seconds", "From a request to the answer that the platform took."),
    "lateness": ("digest_lateness_seconds", "How late digests were sent, their last part."),
}
DIGESTS = ("due", "sent", "late", "uncertain", "failed", "missed", "skipped")
"""What becomes of digests; all of it is told from the start, so that the first of each is a change that can be seen."""


def exposition(tally: Tally, status: Status) -> str:
    """Returns all figures in Prometheus' text format."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Collected(tally, status))
    return generate_latest(registry).decode()


class _Collected(Collector):
    def __init__(self, tally: Tally, status: Status) -> None:
        self._tally = tally
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Yields every figure."""
        for kind, (meaning, labels) in COUNTED.items():
            yield _counter(kind, meaning, labels, self._tally)
        for kind, (name, meaning) in SPREAD.items():
            yield _histogram(f"briefbot_{name}", meaning, self._tally.spreads[kind])
        yield from _gauges(self._status)


def _counter(kind: str, meaning: str, labels: tuple[str, ...], tally: Tally) -> CounterMetricFamily:
    family = CounterMetricFamily(f"briefbot_{kind}", meaning, labels=labels)
    counted = dict.fromkeys([(end,) for end in DIGESTS] if kind == "digests" else [], 0) | dict(
        tally.counts.get(kind, {})
    )
    for words, number in counted.items():
        family.add_metric(words, number)
    return family


def _histogram(name: str, meaning: str, spread: Spread) -> HistogramMetricFamily:
    buckets, number = list[tuple[str, float]](), 0
    for bound, more in zip((*map(str, spread.bounds), "+Inf"), spread.numbers, strict=True):
        number += more
        buckets.append((bound, number))
    return HistogramMetricFamily(name, meaning, buckets=buckets, sum_value=spread.total)


def _gauges(status: Status) -> Iterator[Metric]:
    counts = status.figures.counts
    yield _gauge("build_info", "The version.", [((version("briefbot"),), 1)], "version")
    yield _gauge("well", "Whether all is well: 0 while the heartbeat is withheld.", [((), not status.trouble)])
    yield _gauge("store_up", "Whether the database answers.", [((), counts is not None)])
    receiving = [((one.name,), one.serving and one.condition.receiving) for one in status.platforms]
    yield _gauge("receiving", "Whether a platform really receives.", receiving, "platform")
    yield _gauge("loop_lag_seconds", "The worst lag of the loop in the last minute.", [((), status.lag)])
    age = (status.at - status.edited).total_seconds()
    yield _gauge("knowledge_age_seconds", "Since a curator last changed the knowledge.", [((), age)])
    rejected = [((), bool(status.rejected))]
    yield _gauge("knowledge_rejected", "Whether an edit of the knowledge was not taken up.", rejected)
    if counts:
        overdue = sum(one.number for one in status.figures.overdue)
        yield _gauge("overdue_digests", "Digests due over 10 minutes ago that are not out.", [((), overdue)])
        yield _gauge("outbox_depth", "What is to be posted now.", [((), counts.waiting)])
        states = [((state,), number) for state, number in counts.slots.items()]
        yield _gauge("slots", "All that was or is to be posted, of 90 days, by state.", states, "state")
        kept = [((state,), number) for state, number in counts.subscriptions.items()]
        yield _gauge("subscriptions", "Subscriptions by state.", kept, "state")


def _gauge(name: str, meaning: str, values: Iterable[tuple[tuple[str, ...], float]], *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"briefbot_{name}", meaning, labels=labels)
    for words, value in values:
        family.add_metric(words, float(value))
    return family
