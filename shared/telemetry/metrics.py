"""Every metric of the system in one typed catalogue; owns names, labels and help, measures nothing itself.

Labels are bounded: topics, route templates, outcomes; never an id, an address or anything a caller typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram, generate_latest

Kind = Literal["counter", "gauge", "histogram"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
REQUEST_BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
FLUSH_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of the catalogue."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


_catalogue: list[Metric] = []


def _counter(name: str, description: str, *labels: str) -> Counter:
    _catalogue.append(Metric(name, "counter", labels, description))
    return Counter(name, description, labels)


def _gauge(name: str, description: str, *labels: str) -> Gauge:
    _catalogue.append(Metric(name, "gauge", labels, description))
    return Gauge(name, description, labels)


def _histogram(name: str, description: str, *labels: str, buckets: Sequence[float]) -> Histogram:
    _catalogue.append(Metric(name, "histogram", labels, description))
    return Histogram(name, description, labels, buckets=buckets)


# HTTP, every service
HTTP_REQUESTS = _counter(
    "pulse_http_requests_total", "Requests answered, by route template.", "method", "route", "status"
)
HTTP_REQUEST_SECONDS = _histogram(
    "pulse_http_request_seconds",
    "Time until an answer was complete; streams are left out.",
    "method",
    "route",
    buckets=REQUEST_BUCKETS_S,
)
HTTP_REQUESTS_IN_PROGRESS = _gauge("pulse_http_requests_in_progress", "Requests being answered, streams included.")
IDEMPOTENT_REPLAYS = _counter("pulse_idempotent_replays_total", "Repeated requests answered with the first answer.")

# Outbox and relay, every service that writes
OUTBOX_COMMITTED = _counter("pulse_outbox_committed_total", "Events committed to the outbox.", "topic")
OUTBOX_PUBLISHED = _counter(
    "pulse_outbox_published_total", "Events acknowledged by the broker, republished ones included.", "topic"
)
OUTBOX_LAG = _gauge("pulse_outbox_lag_events", "Events committed but not yet acknowledged by the broker.", "topic")
OUTBOX_PUBLISH_SECONDS = _histogram(
    "pulse_outbox_publish_seconds",
    "Time from commit to the broker's acknowledgement.",
    "topic",
    buckets=REQUEST_BUCKETS_S,
)
RELAY_LEADER = _gauge("pulse_relay_leader", "1 while this process holds the relay's lease of the topic.", "topic")
RELAY_ERRORS = _counter("pulse_relay_errors_total", "Rounds of the relay that failed and are tried again.", "topic")
BROKER_LOST = _counter("pulse_broker_lost_total", "Times the broker was found to have lost its data.")
RESENDS = _counter("pulse_outbox_resends_total", "Requests of consumers to send a unit's events again.", "topic")
DEAD_LETTERS = _counter("pulse_dead_letters_total", "Records that could not be read and were set aside.", "topic")

# Stats worker
WORKER_APPLIED = _counter("pulse_worker_applied_total", "Events folded into the figures.", "topic")
WORKER_DROPPED = _counter("pulse_worker_dropped_total", "Events dropped because their position was applied.", "topic")
WORKER_HELD = _counter("pulse_worker_held_total", "Events not applied because an earlier one is missing.", "topic")
WORKER_SKIPPED = _counter("pulse_worker_skipped_total", "Positions passed over as unreadable.", "topic")
WORKER_LATE = _counter("pulse_worker_late_total", "Contributions too late for a tier of panes.", "topic", "tier")
WORKER_LAG = _gauge("pulse_worker_lag_events", "Events in the log that the worker has not folded.", "topic")
WORKER_STANDING = _gauge(
    "pulse_worker_standing_s",
    "How long the slowest partition with events to fold has not moved; at 60 the worker ends itself.",
)
WORKER_ERRORS = _counter("pulse_worker_errors_total", "Failures at the top of a worker's loop.", "loop")
FLUSH_SECONDS = _histogram(
    "pulse_worker_flush_seconds", "Time to write one flush of panes and heads.", buckets=FLUSH_BUCKETS_S
)
PANES_WRITTEN = _counter("pulse_worker_panes_written_total", "Pane records written.", "topic", "tier")

# Stats ledger
LEDGER_BOOKED = _counter("pulse_ledger_booked_total", "Events booked for the fact ledger.", "topic")
LEDGER_CAUGHT_UP = _gauge("pulse_ledger_caught_up", "1 once everything in the log has been read for the fact ledger.")
LEDGER_ERRORS = _counter("pulse_ledger_errors_total", "Writes of the fact ledger that failed and are tried again.")

# Stats API
SSE_CLIENTS = _gauge("pulse_sse_clients", "Open streams of figures.")
API_HEADS_APPLIED = _counter("pulse_api_heads_applied_total", "Heads of units applied to the served figures.", "topic")
API_REBUILDING = _gauge("pulse_api_rebuilding", "1 while the served figures are being rebuilt.")
API_STALLED = _gauge("pulse_api_stalled", "1 while nobody folds the served figures, or those who do cannot go on.")
API_WORKERS_SILENT = _gauge(
    "pulse_api_workers_silent_s", "How long no worker has been heard of for the partition that is longest without one."
)
GENERATIONS_REFUSED = _gauge(
    "pulse_generations_refused", "States of other rules that are folded and not served, because their figures differ."
)
SELF_CHECK_DIFFERING = _gauge(
    "pulse_self_check_differing", "Figures that differed in the newest self-check or rebuild; -1 if it failed."
)
SELF_CHECK_AT = _gauge(
    "pulse_self_check_ended_s", "When the newest self-check or rebuild ended, in seconds since 1970."
)
STATS_WRITER = _gauge("pulse_stats_writer_leader", "1 while this process writes publications and alerts.")
STATS_WRITER_ERRORS = _counter("pulse_stats_writer_errors_total", "Failures of a job of the writer.", "loop")
RESTATEMENTS = _counter("pulse_restatements_total", "Published figures restated.")
ALERTS_OPEN = _gauge("pulse_alerts_open", "Alerts that are not cleared, as the writer sees them.")
ALERTS_RAISED = _counter("pulse_alerts_raised_total", "Alerts raised.")
DELIVERIES_PENDING = _gauge("pulse_alert_deliveries_pending", "Messages of alerts still to be delivered.")
DELIVERY_ATTEMPTS = _counter(
    "pulse_alert_delivery_attempts_total", "Attempts to deliver a message of an alert.", "channel", "outcome"
)

# Tips
TIP_PROOFS_WANTED = _counter(
    "pulse_tips_proofs_wanted_total", "Reports and messages above the budget that were asked for proof."
)
TIPS_REPEATED = _counter("pulse_tips_repeated_total", "Reports merged into the same one of the window before.")
TIP_CLOCKWORK_LEADER = _gauge("pulse_tips_clockwork_leader", "1 while this process looks at the clocks of tips.")
TIP_CLOCKWORK_ERRORS = _counter("pulse_tips_clockwork_errors_total", "Looks at the clocks of tips that failed.")
TIP_DAYS_OFF_KNOWN_UNTIL = _gauge(
    "pulse_tips_days_off_known_until_s",
    "Until when days off are decreed and known, in seconds since 1970; later deadlines may move.",
)
TIP_DEADLINE_LATE_SECONDS = _histogram(
    "pulse_tips_deadline_late_seconds",
    "Time from the moment of a deadline's event to its being told by the clockwork.",
    buckets=REQUEST_BUCKETS_S,
)

CATALOGUE: Final[tuple[Metric, ...]] = tuple(_catalogue)


def exposition() -> bytes:
    """The present values in the text format of Prometheus."""
    return generate_latest()


def catalogue_table(metrics: Iterable[Metric] = CATALOGUE) -> str:
    """The catalogue as a Markdown table for the documentation."""
    rows = [f"| `{m.name}` | {m.kind} | {', '.join(m.labels) or '–'} | {m.help} |" for m in metrics]
    return "\n".join(["| metric | kind | labels | meaning |", "| --- | --- | --- | --- |", *rows]) + "\n"
