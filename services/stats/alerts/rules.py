"""What is watched: rules as data, those that are there from the start, and the form of others. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, StringConstraints, TypeAdapter, model_validator

from shared.contracts.alerts import AlertKind, Severity
from shared.contracts.topics import FACT_TOPICS
from shared.web import Request

MAX_RULES: Final = 100
HEARTBEAT_GRACE_S: Final = 120.0  # a relay beats every 5 s, and is followed by another one within seconds

Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(pattern=r"^\d{5}$")]


class _Rule(Request):
    title_vi: Title
    title_en: Title
    severity: Severity = Severity.WARNING
    enabled: bool = True


class _Figures(_Rule):
    city: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] = "01"
    units: Literal["city", "communes"] | Annotated[tuple[Code, ...], Field(min_length=1, max_length=500)] = Field(
        default="communes", description="The city as a whole, each of its communes, or these communes."
    )
    metric: Annotated[str, StringConstraints(min_length=1, max_length=80)]


class ThresholdRule(_Figures):
    """A figure rises to `at_least` or falls to `at_most`. The alert is over once the figure has left the limit again.

    With `clear_below` or `clear_above` it has to go as far as that.
    """

    kind: Literal[AlertKind.THRESHOLD]
    window: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    at_least: float | None = None
    clear_below: float | None = None
    at_most: Annotated[float, Field(ge=0)] | None = None
    clear_above: float | None = None
    minimum_events: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="What the denominator of a ratio has to reach before the ratio raises an alert."
    )

    @model_validator(mode="after")
    def _has_one_limit(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give either at_least or at_most")
        return self

    @property
    def limit(self) -> float:
        limit = self.at_least if self.at_most is None else self.at_most
        assert limit is not None
        return limit

    @property
    def calm_limit(self) -> float:
        """Beyond it the alert is over."""
        calm = self.clear_below if self.at_most is None else self.clear_above
        return self.limit if calm is None else calm


class SpikeRule(_Figures):
    """A count is higher than chance explains, given the unit's own 28 days before."""

    kind: Literal[AlertKind.SPIKE]
    window: Literal["PT24H", "P7D"] = "PT24H"
    minimum_events: Annotated[int, Field(ge=2, le=1_000_000)] = 3


class SilenceRule(_Figures):
    """A unit that usually reports has not for longer than chance explains."""

    kind: Literal[AlertKind.SILENCE]
    minimum_hours: Annotated[int, Field(ge=24, le=24 * 28)] = 48


class HeartbeatRule(_Rule):
    """The owner of a topic tells nothing any more: whether its figures are of now is not known."""

    kind: Literal[AlertKind.HEARTBEAT]
    topic: Literal["tips.v1", "patrols.v1", "incidents.v1", "awards.v1"]
    after_s: Annotated[float, Field(ge=30, le=86_400)] = HEARTBEAT_GRACE_S


FigureRule: TypeAlias = ThresholdRule | SpikeRule | SilenceRule
Rule: TypeAlias = Annotated[ThresholdRule | SpikeRule | SilenceRule | HeartbeatRule, Discriminator("kind")]
RULE: Final[TypeAdapter[Rule]] = TypeAdapter(Rule)


def _spike(metric: str, vi: str, en: str, *, window: str = "PT24H", severity: Severity = Severity.WARNING) -> Rule:
    return RULE.validate_python(
        {
            "kind": AlertKind.SPIKE,
            "metric": metric,
            "window": window,
            "severity": severity,
            "title_vi": vi,
            "title_en": en,
        }
    )


def _heartbeat(topic: str) -> Rule:
    return RULE.validate_python(
        {
            "kind": AlertKind.HEARTBEAT,
            "topic": topic,
            "severity": Severity.CRITICAL,
            "title_vi": f"Không còn tín hiệu từ {topic}",
            "title_en": f"No sign of life from {topic}",
        }
    )


_DEFAULT_RULES: Final[Mapping[str, Rule]] = {
    "fires-spike": _spike("fire_incidents_handled", "Cháy, nổ tăng bất thường", "Unusually many fires",
                          severity=Severity.CRITICAL),
    "violations-spike": _spike("violations_detected", "Vi phạm tăng bất thường", "Unusually many violations"),
    "rescues-spike": _spike("rescues_handled", "Cứu nạn, cứu hộ tăng bất thường", "Unusually many rescues"),
    "security-information-spike": _spike("security_information_received", "Tin về an ninh, trật tự tăng bất thường",
                                         "Unusually much security information"),
    "crime-reports-spike": _spike("crime_reports_received", "Tin báo, tố giác tội phạm tăng bất thường",
                                  "Unusually many crime reports", window="P7D", severity=Severity.CRITICAL),
    "patrols-spike": _spike("patrols_completed", "Tuần tra tăng bất thường", "Unusually many patrols"),
    "city-fires": ThresholdRule(
        kind=AlertKind.THRESHOLD, metric="fire_incidents_handled", units="city", window="PT24H", at_least=20,
        clear_below=15, severity=Severity.CRITICAL, title_vi="Nhiều vụ cháy, nổ trong thành phố trong 24 giờ",
        title_en="Many fires in the city within 24 hours",
    ),
    "city-crime-reports-on-time": ThresholdRule(
        kind=AlertKind.THRESHOLD, metric="crime_reports_on_time_rate", units="city", window="P30D", at_most=90,
        clear_above=95, minimum_events=20, title_vi="Nhiều tin báo, tố giác tội phạm trễ hạn trong 30 ngày",
        title_en="Many crime reports decided late within 30 days",
    ),
    "patrols-silence": SilenceRule(
        kind=AlertKind.SILENCE, metric="patrols_completed", title_vi="Địa bàn không báo cáo tuần tra",
        title_en="A unit reports no patrols",
    ),
    **{f"heartbeat-{topic.name.partition('.')[0]}": _heartbeat(topic.name) for topic in FACT_TOPICS},
}  # fmt: skip
"""The rules until an administrator says otherwise; `default_rules` names the city that they watch."""


def default_rules(city: str) -> Mapping[str, Rule]:
    """The rules from the start, about the figures of a city."""
    return {
        id: rule if isinstance(rule, HeartbeatRule) else rule.model_copy(update={"city": city})
        for id, rule in _DEFAULT_RULES.items()
    }
