"""The pages for reporters in a real browser: without JavaScript, by keyboard, on a telephone, for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.pages_rig import PagesRig, pages
from tests.support.browser import AXE, chromium

PATIENCE_MS = 20_000  # generous, because a loaded machine is slow and not wrong
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TEXT = "Mất xe máy trước cổng chợ"
RECEIPT = re.compile(r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){4}$")
Opened = Callable[..., Page]

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


@pytest.mark.parametrize(("language", "scheme"), [("vi", "light"), ("en", "dark")])
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


def state(page: Page) -> list[Any]:
    """What is wrong with a page as it is shown on a narrow telephone."""
    wrong = violations(page)
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
