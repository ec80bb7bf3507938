import re

from prometheus_client import REGISTRY

from shared.telemetry.metrics import CATALOGUE, catalogue_table, exposition

# What takes few values by nature; an id, an address or a unit would make a series for each of its values.
BOUNDED = {"method", "route", "status", "topic", "tier", "stream", "part", "loop", "channel", "outcome"}


def test_every_metric_follows_the_conventions() -> None:
    for metric in CATALOGUE:
        assert re.fullmatch(r"pulse_[a-z_]+", metric.name), metric.name
        assert (metric.kind == "counter") == metric.name.endswith("_total"), metric.name
        assert (metric.kind == "histogram") == metric.name.endswith("_seconds"), metric.name
        assert set(metric.labels) <= BOUNDED, metric.name
        assert metric.help.endswith("."), metric.name


def test_names_are_unique_and_registered() -> None:
    names = [metric.name for metric in CATALOGUE]
    registered = {name for family in REGISTRY.collect() for name in (family.name, f"{family.name}_total")}

    assert len(names) == len(set(names))
    assert set(names) <= registered


def test_the_catalogue_reads_as_a_table() -> None:
    table = catalogue_table()

    assert "| `pulse_outbox_lag_events` | gauge | topic | Events committed but not yet acknowledged" in table
    assert len(table.splitlines()) == len(CATALOGUE) + 2


def test_the_exposition_holds_the_help() -> None:
    assert b"# HELP pulse_relay_leader 1 while this process holds" in exposition()
