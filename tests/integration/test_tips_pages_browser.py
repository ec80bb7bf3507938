"""The pages for reporters in a real browser: without JavaScript, by keyboard, on a telephone, for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from services.tips.abuse.budget import Budget
from services.tips.custody.envelope import Kind
from services.tips.dialogue.correspondent import MOST
from shared.store.client import StoreUnavailable
from tests.integration.pages_rig import PagesRig, pages
from tests.support.browser import AXE, chromium
from tests.unit.test_tips_attachments import jpeg

PATIENCE_MS = 20_000  # generous, because a loaded machine is slow and not wrong
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TEXT = "Mất xe máy trước cổng chợ"
RECEIPT = re.compile(r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){4}$")
WRITE, ATTACH = "#write button", "form[action$=pictures] button"
Opened = Callable[..., Page]
in_both_languages = pytest.mark.parametrize(("language", "scheme"), [("vi", "light"), ("en", "dark")])

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def rig(store_uri: str, tmp_path: Path) -> Iterator[PagesRig]:
    with pages(store_uri, tmp_path) as rig:
        yield rig


@pytest.fixture
def opened(browser: Browser, rig: PagesRig) -> Iterator[Opened]:
    contexts = []
    outside: list[str] = []

    def open_page(path: str = "", *, locale: str = "vi-VN", **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 360, "height": 740}, locale=locale, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: outside.append(request.url) if rig.url not in request.url else None)
        page.goto(f"{rig.url}{path}")
        return page

    yield open_page
    assert [context.cookies() for context in contexts if context.cookies()] == []
    for context in contexts:
        context.close()
    assert [url for url in outside if not url.endswith("/favicon.ico")] == []


def filled(page: Page, **typed: str) -> None:
    page.get_by_role("radio").first.check()
    page.locator("#category").select_option("theft")
    for name, value in ({"text": TEXT, "place": "hoan kiem"} | typed).items():
        page.locator(f"#{name}").fill(value)


def send(page: Page) -> None:
    page.locator("#report button[type=submit]").click()


async def spent(rig: PagesRig) -> int:
    """How many proofs were used up."""
    return int(await rig.desk.intake.runtime.store.collection("spent_tickets").count_documents({}))


def violations(page: Page) -> list[Any]:
    """What axe finds; it is let in from outside of the page, whose policy forbids scripts."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    return [(each["id"], [node["html"][:160] for node in each["nodes"][:3]]) for each in found["violations"]]


def test_report_and_dialogue_by_keyboard_alone_without_javascript(opened: Opened, rig: PagesRig) -> None:
    page = opened(java_script_enabled=False)
    keys = page.keyboard

    keys.press("Tab")
    keys.press("Enter")  # past the head of the page
    for typed in ("Space", "Tab", "T", "Tab"):  # the kind; the category that begins with T
        keys.press("Tab" if typed == "Space" else typed)
        if typed == "Space":
            keys.press("Space")
    keys.type(TEXT)
    keys.press("Tab")
    keys.type("hoan kiem")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("Đã nhận tin")
    receipt = page.locator("#receipt").inner_text()
    assert RECEIPT.fullmatch(receipt)
    expect(page.locator("main")).to_contain_text("Phường Hoàn Kiếm")

    rig.ask("Xe màu gì?")
    page.get_by_role("link", name="Tra cứu bằng mã biên nhận").focus()
    keys.press("Enter")
    page.locator("#receipt").focus()
    keys.type(receipt.lower())
    keys.press("Enter")
    expect(page.locator(".messages")).to_contain_text("Xe màu gì?")
    page.locator("#answer").focus()
    keys.type("Màu đỏ")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Đã gửi.")
    expect(page.locator(".messages li")).to_have_count(2)


def test_reload_and_double_click_make_one_tip(opened: Opened, rig: PagesRig) -> None:
    page = opened(java_script_enabled=False)
    filled(page)

    page.locator("#report button[type=submit]").dblclick()
    expect(page.locator("#receipt")).to_have_text(RECEIPT)
    receipt = page.locator("#receipt").inner_text()
    page.reload()

    expect(page.locator("#receipt")).to_have_text(receipt)
    received = [event for event in rig.do(rig.desk.intake.told()) if event["type"] == "tip.received.v1"]
    assert len(received) == 1


def test_what_is_wrong_leads_to_its_field(opened: Opened) -> None:
    page = opened(java_script_enabled=False)
    page.locator("#text").fill(TEXT)
    send(page)

    page.get_by_role("alert").get_by_role("link").nth(2).click()

    assert page.evaluate("document.activeElement.id") == "place"
    expect(page.locator("#text")).to_have_value(TEXT)
    assert page.locator("#place").get_attribute("aria-describedby") == "place-hint place-fault"


def test_the_language_is_switched_by_link_and_later_without_loss(opened: Opened) -> None:
    page = opened(java_script_enabled=False, locale="de-DE")
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")

    page.locator("#text").fill(TEXT)
    send(page)
    page.get_by_role("button", name="Tiếng Việt").click()

    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(page.locator("#text")).to_have_value(TEXT)


def test_above_the_budget_the_browser_does_the_work_and_sends_the_form_again(opened: Opened, rig: PagesRig) -> None:
    page = opened()
    filled(page)
    gate = rig.desk.intake.app.state.parts.gate
    gate.budget.burst = 0

    send(page)

    expect(page.locator("#receipt")).to_have_text(RECEIPT)
    assert rig.do(spent(rig)) == 1


@in_both_languages
def test_every_state_of_the_pages_is_for_everybody(opened: Opened, rig: PagesRig, language: str, scheme: str) -> None:
    page = opened(f"?lang={language}", bypass_csp=True, color_scheme=scheme)
    found = {"form": state(page)}
    send(page)
    found["wrong"] = state(page)
    filled(page, place="dong xuan")
    send(page)
    found["places"] = state(page)
    filled(page)
    send(page)
    receipt = page.locator("#receipt").inner_text()
    found["received"] = state(page)
    page.goto(f"{rig.url}/receipt?lang={language}")
    found["ask"] = state(page)
    page.locator("#ask button").click()
    found["mistyped"] = state(page)
    page.locator("#receipt").fill(receipt)
    page.locator("#ask button").first.click()
    rig.ask("Xe màu gì? " + "x" * 200)
    page.locator("#write button").click()
    found["dialogue"] = state(page)

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@in_both_languages
def test_every_refusal_of_a_report_is_for_everybody(
    opened: Opened, rig: PagesRig, monkeypatch: pytest.MonkeyPatch, language: str, scheme: str
) -> None:
    page = opened(f"?lang={language}", bypass_csp=True, color_scheme=scheme)
    page.route("**/proof.js", lambda route: route.abort())  # the work would lead away from what is looked at
    found = {"absent": (page.goto(f"{rig.url}/nowhere?lang={language}"), state(page))}
    page.get_by_role("navigation").get_by_role("link").first.click()
    filled(page)
    with flooded(rig.desk.intake.app.state.parts.gate.budget):
        found["flood"] = (answer(page, "#report button[type=submit]"), state(page))
    with monkeypatch.context() as away:
        away.setattr("services.tips.routes.report_page.take_in", no_store)
        found["away"] = (answer(page, "#report button[type=submit]"), state(page))
    key = page.locator("#report [name=form_key]").input_value()
    answer(page, "#report button[type=submit]")
    page.goto(f"{rig.url}?lang={language}")
    filled(page, text="Một việc khác")
    page.locator("#report [name=form_key]").evaluate("(field, key) => field.value = key", key)
    found["used"] = (answer(page, "#report button[type=submit]"), state(page))

    statuses = {name: told.status for name, (told, _) in found.items() if told}
    assert statuses == {"absent": 404, "flood": 429, "away": 503, "used": 409}
    assert {name: wrong for name, (_, wrong) in found.items() if wrong} == {}


@in_both_languages
def test_every_answer_about_a_receipt_is_for_everybody(
    opened: Opened, rig: PagesRig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, language: str, scheme: str
) -> None:
    receipt, tip = rig.do(rig.desk.submitted())
    rig.ask("Xe màu gì?")
    picture, text = tmp_path / "picture.jpg", tmp_path / "text.jpg"
    picture.write_bytes(jpeg())
    text.write_text("no picture")
    message_gate = rig.desk.intake.app.state.parts.message_gate
    page = opened(f"/receipt?lang={language}", bypass_csp=True, color_scheme=scheme)
    page.route("**/proof.js", lambda route: route.abort())
    found: dict[str, tuple[Response | None, list[Any]]] = {}

    def look(name: str, button: str) -> None:
        found[name] = (answer(page, button), state(page))

    page.locator("#receipt").fill(receipt)
    answer(page, "#ask button")
    look("empty", WRITE)
    page.locator("#answer").fill("Màu đỏ")
    answer(page, WRITE)
    page.locator("#picture").set_input_files(text)
    look("no picture", ATTACH)
    page.locator("#picture").set_input_files(picture)
    look("picture", ATTACH)
    page.locator("#answer").fill("Rất cũ")
    with flooded(message_gate.budget):
        look("flood", WRITE)
        page.locator("#picture").set_input_files(picture)
        look("flood of pictures", ATTACH)
    page.locator("#answer").fill("Rất cũ")
    with monkeypatch.context() as away:
        away.setattr("services.tips.dialogue.reporters.Reporters.send", no_store)
        look("away", WRITE)
    with monkeypatch.context() as full:
        full.setitem(cast(dict[Kind, int], MOST), Kind.MESSAGE, 2)
        look("full", WRITE)
    order = {"scope": "all", "reason": "QD-17/2026"}
    erased = rig.do(rig.desk.post(f"/v1/tips/{tip}/shredding", order, by=rig.desk.custodian))
    assert erased.is_success, erased.text
    look("erased", WRITE)

    statuses = {name: told.status for name, (told, _) in found.items() if told}
    assert statuses == {
        "empty": 422, "no picture": 422, "picture": 200, "flood": 429, "flood of pictures": 429, "away": 503,
        "full": 409, "erased": 410,
    }  # fmt: skip
    assert {name: wrong for name, (_, wrong) in found.items() if wrong} == {}


def test_after_a_flood_the_same_is_sent_by_keyboard_alone_without_javascript(opened: Opened, rig: PagesRig) -> None:
    page = opened(java_script_enabled=False)
    filled(page)
    with flooded(rig.desk.intake.app.state.parts.gate.budget):
        answer(page, "#report button[type=submit]")
        expect(page).to_have_title(re.compile("^Đang có rất nhiều"))

    while page.evaluate("document.activeElement.type") != "submit":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#receipt")).to_have_text(RECEIPT)


def test_what_is_wrong_with_a_page_is_found(opened: Opened) -> None:
    page = opened(bypass_csp=True)
    spoiled = {
        "color-contrast": "document.querySelector('h1').style.color = '#eee'",
        "sideways": "document.querySelector('h1').style.width = '500px'",
        "small": "document.querySelector('#report button').style.cssText = 'min-height:0;height:9px;padding:0'",
        "out of reach": "document.querySelector('#text').tabIndex = -1",
        "focus unseen": "document.querySelector('#text').style.outline = 'none'",
    }

    found = {}
    for name, spoil in spoiled.items():
        page.reload()
        page.evaluate(spoil)
        found[name] = {kind for kind, *_ in state(page)}

    assert all(name in kinds for name, kinds in found.items()), found


@contextmanager
def flooded(budget: Budget) -> Iterator[None]:
    """Nothing is taken freely meanwhile, and all of it afterwards."""
    burst, budget.burst = budget.burst, 0
    yield
    budget.burst, budget.per_s = burst, 1_000


async def no_store(*_: Any, **__: Any) -> None:
    raise StoreUnavailable("away")


def answer(page: Page, button: str) -> Response | None:
    """What pressing the button is answered with."""
    with page.expect_navigation() as answered:
        page.locator(button).click()
    return answered.value


def state(page: Page) -> list[Any]:
    """What is wrong with a page as it is shown on a narrow telephone, and to whoever has but a keyboard."""
    wrong = [*violations(page), *by_keyboard(page)]
    if (width := page.evaluate("document.documentElement.scrollWidth")) != 360:
        wrong.append(("sideways", width))
    small = page.eval_on_selector_all(
        "button, a, input:not([type=hidden]), select, textarea",
        """elements => elements
          .filter(element => element.checkVisibility() && !element.matches('.skip, li a'))
          .map(element => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
          .filter(([, box]) => box.width < 22 || box.height < 22)
          .map(([html]) => html)""",
    )
    if small:
        wrong.append(("small", small))
    return wrong


def by_keyboard(page: Page) -> list[Any]:
    """What the tabulator does not reach in the order of the page, or what does not show that it was reached."""
    wanted = page.evaluate("""() => {
      window.stops = [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea')]
        .filter(element => element.checkVisibility())
        .filter(element => element.type !== 'radio' || element === (document.querySelector(
          `[name="${element.name}"]:checked`) ?? document.querySelector(`[name="${element.name}"]`)));
      document.activeElement.blur();
      return stops.map(element => element.outerHTML.slice(0, 80));
    }""")
    reached: list[str] = []
    unseen: list[str] = []
    for _ in range(3 * len(wanted)):  # a field for a time has several stops
        page.keyboard.press("Tab")
        at, seen = page.evaluate("""() => [stops.indexOf(document.activeElement),
          getComputedStyle(document.activeElement).outlineStyle !== 'none']""")
        if at < 0:
            break
        if wanted[at] not in reached[-1:]:
            reached.append(wanted[at])
            unseen += [] if seen else [wanted[at]]
    out_of_reach = [("out of reach", wanted, reached)] if reached != wanted else []
    return out_of_reach + ([("focus unseen", unseen)] if unseen else [])
