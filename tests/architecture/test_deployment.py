"""What the files of the deployment promise, without an engine: who holds which key, who is reached and watched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest

from services.stats.settings import StatsSettings
from services.tips.settings import DeskSettings, TipsSettings

ROOT: Final = Path(__file__).parents[2]
OWNERS: Final = {"tips", "patrols", "awards"}
SERVICES: Final = OWNERS | {"tips-desk", "stats-api", "stats-worker", "stats-ledger"}


@pytest.fixture(scope="module")
def containers() -> dict[str, Any]:
    found: dict[str, Any] = _yaml("docker-compose.yml")["services"]
    return found


def test_private_keys_are_in_no_service(containers: dict[str, Any]) -> None:
    holders = {name for name, container in containers.items() if "private-keys" in _volumes(container)}

    assert holders == {"keys", "demo"}


def test_only_the_intake_holds_the_key_of_receipts(containers: dict[str, Any]) -> None:
    holders = {name for name, container in containers.items() if "receipt-key" in _volumes(container)}

    assert holders == {"keys", "tips"}


def test_only_the_desk_holds_the_keys_of_communes(containers: dict[str, Any]) -> None:
    holders = {name for name, container in containers.items() if "desk-keys" in _volumes(container)}

    assert holders == {"keys", "tips-desk"}


def test_only_the_api_of_the_statistics_holds_the_keys_of_webhooks(containers: dict[str, Any]) -> None:
    holders = {name for name, container in containers.items() if "webhook-keys" in _volumes(container)}

    assert holders == {"keys", "stats-api"}


def test_services_run_without_privileges_on_a_disk_that_cannot_be_written(containers: dict[str, Any]) -> None:
    for name in SERVICES:
        assert containers[name]["read_only"], name
        assert containers[name]["cap_drop"] == ["ALL"], name
    assert re.search(r"FROM base AS service\n(?:.*\n)*USER pulse\n", (ROOT / "deploy/Dockerfile").read_text())


def test_services_can_be_scaled(containers: dict[str, Any]) -> None:
    for name in SERVICES:
        assert not {"ports", "container_name"} & containers[name].keys(), name


def test_every_variable_of_a_service_is_a_setting(containers: dict[str, Any]) -> None:
    known = {
        f"PULSE_{name.upper()}"
        for settings in (StatsSettings, TipsSettings, DeskSettings)
        for name in settings.model_fields
    }
    for name in SERVICES:
        told = {variable for variable in containers[name]["environment"] if variable.startswith("PULSE_")}
        assert told <= known, name


def test_gateway_leads_to_every_service() -> None:
    routes = (ROOT / "deploy/gateway/nginx.conf").read_text()

    assert set(re.findall(r"set \$to ([a-z-]+);", routes)) == OWNERS | {"tips-desk", "stats-api"}
    assert set(re.findall(r"location /([a-z]+)/ ", routes)) == OWNERS | {"desk"}


def test_gateway_writes_nothing_that_it_passes_on_to_a_disk() -> None:
    said = dict(re.findall(r"^\s*(\w+) (\d+)m?;", (ROOT / "deploy/gateway/nginx.conf").read_text(), re.MULTILINE))

    assert int(said["client_body_buffer_size"]) >= int(said["client_max_body_size"])
    assert said["proxy_max_temp_file_size"] == "0"


def test_prometheus_scrapes_every_service() -> None:
    (job,) = _yaml("deploy/prometheus/prometheus.yml")["scrape_configs"]
    (found,) = job["dns_sd_configs"]

    assert set(found["names"]) == SERVICES


def _yaml(path: str) -> Any:
    return pytest.importorskip("yaml").safe_load((ROOT / path).read_text())


def _volumes(container: dict[str, Any]) -> set[str]:
    return {volume.partition(":")[0] for volume in container.get("volumes", ())}
