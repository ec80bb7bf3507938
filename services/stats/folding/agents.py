"""The Faust app of the worker: group membership, flow and life cycle of the source partitions. Folds nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import faust
from faust.types import TP, EventT, StreamT
from yarl import URL

from services.stats.folding.chunks import ChunkScheduler, RawChunks, require_pinned_faust, use_chunks
from shared.settings import Settings, kafka_client_options

# A group join on the embedded broker waits out the rebalance timeout, and a killed worker is noticed after the session.
SESSION_TIMEOUT_S: Final = 10.0
REBALANCE_TIMEOUT_S: Final = 6.0
HEARTBEAT_S: Final = 2.0
# Records of one fetch: small enough that folding them keeps the event loop waiting for a tenth of a second at most.
MAX_POLL_RECORDS: Final = 2_000
# Chunks that wait for the fold; each is up to MAX_POLL_RECORDS events.
BUFFERED_CHUNKS: Final = 8


class Partitions(Protocol):
    """What the worker does with the source partitions that the group gives it."""

    async def recover(self, assigned: set[TP]) -> None:
        """Have the state of exactly these partitions before the first chunk comes."""
        ...

    async def release(self) -> None:
        """Write what is folded, before somebody else may get the partitions."""
        ...

    def resume_offsets(self, assigned: set[TP]) -> Mapping[TP, int]:
        """Where reading each of them goes on."""
        ...

    async def take(self, event: EventT, stream: StreamT) -> None:
        """Fold one chunk."""
        ...


class _App(faust.App):  # type: ignore[misc]
    """Faust's app without its directory for tables, of which there are none: the disk may be read-only."""

    def _create_directories(self) -> None:
        return None


def make_app(
    settings: Settings, *, topics: Sequence[str], group: str, instance: str, partitions: Partitions
) -> faust.App:
    """A Faust app that gives the chunks of `topics` to `partitions`; `instance` is this member's lasting name."""
    require_pinned_faust()
    app = _App(
        group,
        **_broker(settings),
        autodiscover=False,
        web_enabled=False,
        broker_client_id=f"{group}-{instance}",
        consumer_group_instance_id=f"{group}-{instance}",
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=SESSION_TIMEOUT_S,
        broker_rebalance_timeout=REBALANCE_TIMEOUT_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_commit_interval=1.0,
        broker_max_poll_records=MAX_POLL_RECORDS,
        stream_buffer_maxsize=BUFFERED_CHUNKS,
        stream_wait_empty=False,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        ConsumerScheduler=ChunkScheduler,
    )
    use_chunks(app, partitions.resume_offsets)

    async def fold(stream: StreamT) -> None:
        async for event in stream.noack().events():
            await partitions.take(event, stream)

    async def after_assignment(*_: Any, **__: Any) -> None:
        await partitions.recover(app.consumer.assignment())

    async def before_revocation(*_: Any, **__: Any) -> None:
        await partitions.release()

    # Faust keeps only weak references to the receivers of a signal unless it is told otherwise.
    app.on_rebalance_complete.connect(after_assignment, weak=False)
    app.on_partitions_revoked.connect(before_revocation, weak=False)
    app.on_before_shutdown.connect(before_revocation, weak=False)
    app.agent(app.topic(*topics, schema=RawChunks()), name="fold")(fold)
    app.finalize()
    return app


def _broker(settings: Settings) -> dict[str, Any]:
    options = kafka_client_options(settings)
    arguments: dict[str, Any] = {
        "broker": [URL(f"kafka://{address.strip()}") for address in options["bootstrap_servers"].split(",")],
    }
    context = options.get("ssl_context")
    if "sasl_mechanism" in options:
        arguments["broker_credentials"] = faust.SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=context,
        )
    elif context is not None:
        arguments["broker_credentials"] = faust.SSLCredentials(context=context)
    return arguments
