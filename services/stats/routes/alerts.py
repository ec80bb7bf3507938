"""Paths of alerts, of their rules and of who is told; must not decide anything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response

from services.stats.alerts import handlers
from services.stats.alerts.alert import AlertStatus
from services.stats.alerts.rules import Rule
from services.stats.alerts.schemas import (
    AlertView,
    DeliveryView,
    LookView,
    NewSubscription,
    RuleView,
    SubscriptionView,
    WholeAlert,
    look_view,
)
from services.stats.alerts.subscriptions import Subscribe
from services.stats.deps import Acknowledge, Administrator, ClockDep, OpenDesk, ServedDep, UnitReader
from services.stats.routes.answer import TAGGED, answer
from shared.views import Cursor
from shared.web import Limit, Page
from shared.work import changed

router = APIRouter(prefix="/v1", tags=["alerts"])

UnitIfAny = Annotated[str | None, Query(pattern=r"^(\d{2}|\d{5})$", description="Code of the commune or city.")]
RuleId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9.-]{0,79}$")]


@router.get("/alerts", response_model=Page[AlertView], responses=TAGGED)
async def list_alerts(
    request: Request,
    caller: UnitReader,
    desk: OpenDesk,
    state: AlertStatus | None = None,
    unit: UnitIfAny = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Alerts of the caller's units, the latest first."""
    found, following = await desk.book.alerts.page(caller, unit=unit, state=state, cursor=cursor, limit=limit)
    return answer(request, Page(items=[AlertView.model_validate(alert) for alert in found], next=following))


@router.get("/alerts/{alert_id}", response_model=WholeAlert, responses=TAGGED)
async def get_alert(request: Request, alert_id: str, caller: UnitReader, desk: OpenDesk) -> Response:
    """One alert with its figure, the baseline, the probability and what they mean; and who was told of it."""
    alert = await desk.book.alerts.kept.find(alert_id, caller)
    deliveries = await desk.book.deliveries.of_alert(alert_id)
    whole = WholeAlert(
        alert=AlertView.model_validate(alert),
        deliveries=[DeliveryView.model_validate({**each, "id": each["_id"]}) for each in deliveries],
    )
    return answer(request, whole)


@router.post("/alerts/{alert_id}/acknowledge", response_model=AlertView)
async def acknowledge_alert(alert_id: str, work: Acknowledge, desk: OpenDesk) -> Response:
    """Look after an alert: it is escalated no further."""
    return await work.answer(
        lambda: handlers.acknowledge_alert(alert_id, book=desk.book, work=work), changed(AlertView)
    )


@router.get("/alert-looks/last", response_model=LookView, responses=TAGGED)
async def get_last_look(request: Request, _: UnitReader, desk: OpenDesk) -> Response:
    """When all rules looked last, and what they could say nothing about: no alert there is no all-clear."""
    return answer(request, look_view(await desk.looks.last()))


@router.get("/alert-rules", response_model=Page[RuleView], responses=TAGGED)
async def list_rules(request: Request, _: UnitReader, desk: OpenDesk) -> Response:
    """All rules, the ones that are there from the start first; there are never more than a page of them."""
    return answer(request, Page(items=[RuleView(id=id, rule=rule) for id, rule in (await desk.rules.all()).items()]))


@router.put("/alert-rules/{rule_id}")
async def put_rule(
    rule_id: RuleId, rule: Annotated[Rule, Body()], _: Administrator, desk: OpenDesk, served: ServedDep
) -> RuleView:
    """Change a rule, or make a new one; in force within a minute. A rule that is not `enabled` watches nothing."""
    return RuleView(id=rule_id, rule=await handlers.put_rule(rule_id, rule, rules=desk.rules, served=served))


@router.post("/alert-subscriptions", status_code=201)
async def subscribe(
    command: Annotated[Subscribe, Body()], _: Administrator, desk: OpenDesk, clock: ClockDep
) -> NewSubscription:
    """Have alerts sent to a webhook or by e-mail. The secret of a webhook is told only in this answer."""
    made, secret = await handlers.subscribe(
        command,
        subscriptions=desk.book.subscriptions,
        webhook=desk.webhook,
        keys=desk.keys,
        places=desk.book.places,
        mail_works=desk.mail.is_set_up,
        clock=clock,
    )
    shown = SubscriptionView.model_validate(made).model_dump()
    return NewSubscription(**shown, secret=secret)


@router.get("/alert-subscriptions", response_model=Page[SubscriptionView], responses=TAGGED)
async def list_subscriptions(
    request: Request, _: Administrator, desk: OpenDesk, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """Who is told of alerts, the oldest subscription first."""
    found, following = await desk.book.subscriptions.page(cursor, limit)
    page = answer(request, Page(items=[SubscriptionView.model_validate(each) for each in found], next=following))
    page.headers["cache-control"] = "no-store"  # people's addresses, which no browser is to keep
    return page


@router.delete("/alert-subscriptions/{subscription_id}", status_code=204)
async def unsubscribe(subscription_id: str, _: Administrator, desk: OpenDesk) -> None:
    """Send no more to this recipient."""
    await desk.book.subscriptions.remove(subscription_id)
