"""The console in a real browser, over figures that the test sets."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from playwright.sync_api import Browser, Page, expect

from services.stats.feed.freshness import Level
from shared.places import places
from shared.security import Role, issue_token
from tests.support.browser import AXE, chromium
from tests.support.console_rig import CITY, ConsoleRig, running

SILENT = "00004"
HOAN_KIEM = "00070"
# Generous, because a loaded machine is slow and not wrong.
PATIENCE_MS = 60_000
Opened = Callable[..., Page]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def filled() -> ConsoleRig:
    rig = ConsoleRig()
    rig.feed.simulated = True
    rig.fill(days=40, except_for=frozenset({SILENT}))
    rig.name_window("campaign:one", "Phong trào mùa thu", date(2025, 12, 24))
    return rig


@pytest.fixture
def rig(filled: ConsoleRig) -> Iterator[ConsoleRig]:
    with running(filled):
        yield filled
    feed = filled.feed
    feed.status, feed.progress, feed.history, feed.level, feed.broker_reachable = "live", None, None, None, True
    feed.silent_topics, feed.worker = set(), {}


@pytest.fixture
def opened(browser: Browser, rig: ConsoleRig) -> Iterator[Opened]:
    contexts = []
    errors: list[str] = []

    def open_page(path: str = "", *, width: int = 1440, height: int = 900, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{rig.url}/{path}")
        # The city's row is always there; once it holds a number, the snapshot has arrived.
        expect(page.locator(f'.grid tr[data-unit="{CITY}"] .live').first).to_have_text(re.compile(r"\d"))
        expect(page.locator(".grid .skeleton")).to_have_count(0)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def figure(page: Page, unit: str, metric: str = "patrols_completed") -> Any:
    return page.locator(f'.grid tr[data-unit="{unit}"] [data-metric="{metric}"] .live')


def number(text: str) -> int:
    return int(text.replace(".", ""))


def units_shown(page: Page) -> list[str]:
    communes = page.locator(".grid tbody tr:not(.city)")
    codes: list[str] = communes.evaluate_all("rows => rows.map(row => row.dataset.unit)")
    return codes


def column(page: Page, metric: str) -> list[int]:
    cells = page.eval_on_selector_all(
        f'.grid tbody tr:not(.city) [data-metric="{metric}"] .live', "cells => cells.map(cell => cell.textContent)"
    )
    return [number(cell) for cell in cells]


def level(page: Page) -> Any:
    return page.locator(".freshness")


# -- figures


def test_event_is_on_the_screen_within_a_second(opened: Opened, rig: ConsoleRig) -> None:
    page = opened()
    before, of_city = (number(figure(page, unit).inner_text()) for unit in (HOAN_KIEM, CITY))
    page.evaluate(
        """([unit, was]) => {
          const cell = document.querySelector(`.grid tr[data-unit="${unit}"] [data-metric="patrols_completed"] .live`);
          new MutationObserver(() => { if (cell.textContent !== was) window.changedAt ??= Date.now(); })
            .observe(cell, { characterData: true, childList: true, subtree: true });
        }""",
        [HOAN_KIEM, str(before)],
    )

    recorded_at = time.time()
    rig.record(HOAN_KIEM, "patrols_completed")

    expect(figure(page, HOAN_KIEM)).to_have_text(str(before + 1))
    assert page.evaluate("window.changedAt") / 1000 - recorded_at < 1.0
    assert number(figure(page, CITY).inner_text()) == of_city + 1
    assert number(page.locator('.card[data-metric="patrols_completed"] .live').inner_text()) == of_city + 1


def test_only_the_cells_that_changed_light_up(opened: Opened, rig: ConsoleRig) -> None:
    # A window of days: one of minutes loses its oldest minute now and then, which is a change too.
    page = opened("?window=month")

    rig.record(HOAN_KIEM, "fire_incidents_handled")

    changed = page.locator(".grid .live.changed")
    expect(changed).to_have_count(2)
    assert {
        tuple(pair)
        for pair in page.eval_on_selector_all(
            ".grid .live.changed",
            "cells => cells.map(c => [c.closest('tr').dataset.unit, c.closest('td').dataset.metric])",
        )
    } == {(HOAN_KIEM, "fire_incidents_handled"), (CITY, "fire_incidents_handled")}


def test_nothing_moves_under_reduced_motion(opened: Opened, rig: ConsoleRig) -> None:
    page = opened(reduced_motion="reduce")

    rig.record(HOAN_KIEM, "patrols_completed")

    expect(page.locator(".grid .live.changed").first).to_be_attached()
    assert page.evaluate("document.getAnimations().length") == 0


def test_unit_that_has_not_reported_is_not_shown_as_zero(opened: Opened) -> None:
    page = opened()

    row = page.locator(f'.grid tr[data-unit="{SILENT}"]')

    expect(row.locator(".tag")).to_have_text("chưa báo cáo")
    expect(row.locator("td.silent")).to_have_count(9)
    assert "0" in page.locator(".grid td.zero .live").first.inner_text()


def test_missing_baseline_is_told_in_words(opened: Opened) -> None:
    page = opened("?window=P30D")

    card = page.locator('.card[data-metric="patrols_completed"]')

    expect(card.locator("dd").nth(1)).to_have_text("chưa đủ dữ liệu")


def test_numbers_follow_the_language(opened: Opened) -> None:
    page = opened("?window=P7D")
    vietnamese = figure(page, CITY).inner_text()

    page.get_by_role("link", name="English").click()

    assert re.fullmatch(r"\d{1,3}(\.\d{3})+", vietnamese)
    expect(page.get_by_role("heading", name="Communes", exact=True)).to_be_visible()
    assert "lang=en" in page.url
    assert page.locator("html").get_attribute("lang") == "en"
    assert re.fullmatch(r"\d{1,3}(,\d{3})+", figure(page, CITY).inner_text())


# -- the table


def test_table_sorts_by_name_as_vietnamese_does(opened: Opened) -> None:
    page = opened()

    names = [places().get(code) for code in units_shown(page)]

    short = [unit.short_name for unit in names if unit is not None]
    assert len(short) == 126
    assert short[0] == "An Khánh"
    # Đ comes after D, and Â after A, whatever their code points.
    assert short.index("Dương Nội") < short.index("Đan Phượng") < short.index("Gia Lâm")
    assert short.index("Bạch Mai") < short.index("Bát Tràng") < short.index("Bình Minh")


def test_table_sorts_by_any_figure_in_either_direction(opened: Opened) -> None:
    page = opened()
    heading = page.locator(".grid thead").get_by_role("button", name="Lượt tuần tra", exact=True)

    heading.click()
    falling = column(page, "patrols_completed")
    heading.click()
    rising = column(page, "patrols_completed")

    assert falling == sorted(falling, reverse=True)
    assert rising == sorted(falling)
    assert units_shown(page)[-1] == SILENT  # no value goes last, either way
    assert page.locator('.grid th[aria-sort="ascending"]').inner_text().startswith("Lượt")


def test_order_holds_while_somebody_points_at_the_table(opened: Opened, rig: ConsoleRig) -> None:
    page = opened("?sort=-patrols_completed")
    before = units_shown(page)
    last = before[-2]
    page.locator(f'.grid tr[data-unit="{before[1]}"] a.unit').hover()

    rig.record(last, "patrols_completed", 500)
    expect(figure(page, last)).to_have_text(re.compile(r"^5\d\d$"))
    held = units_shown(page)
    page.locator(".brand").hover()

    assert held == before
    expect(page.locator(".grid tbody tr").nth(1)).to_have_attribute("data-unit", last)
    rig.record(last, "patrols_completed", -500)


def test_search_needs_no_diacritics_and_knows_former_names(opened: Opened) -> None:
    page = opened()
    field = page.get_by_role("searchbox")

    field.fill("hoan kiem")
    expect(page.locator(".grid tbody tr:not(.city)")).to_have_count(1)
    today = units_shown(page)
    field.fill("truc bach")

    assert today == [HOAN_KIEM]
    expect(page.locator(".former li").first).to_contain_text("Phường Trúc Bạch")
    expect(page.locator(".former li").first).to_contain_text("nay thuộc Phường Ba Đình")
    assert "00004" in units_shown(page)


# -- a unit, and the address


def test_address_restores_the_view_and_back_leaves_it(opened: Opened) -> None:
    page = opened("?window=P7D&sort=-patrols_completed&columns=patrols")
    page.locator(f'.grid tr[data-unit="{HOAN_KIEM}"] a.unit').click()
    panel = page.get_by_role("complementary")
    expect(panel.locator('[data-metric="patrols_completed"] .live').first).to_have_text(re.compile(r"\d"))

    page.reload()
    expect(panel.get_by_role("heading", name="Phường Hoàn Kiếm")).to_be_visible()
    expect(page.locator('.grid th[aria-sort="descending"]')).to_be_attached()
    expect(page.locator('.choice [aria-pressed="true"]')).to_have_text("7 ngày qua")
    page.go_back()

    expect(panel).to_have_count(0)


def test_figure_explains_itself_in_one_click(opened: Opened) -> None:
    page = opened()

    page.locator('.card[data-metric="violations_detected"] button').click()

    expect(page.get_by_role("dialog")).to_contain_text("Số vụ vi phạm do lực lượng phát hiện")
    expect(page.get_by_role("dialog")).to_contain_text("Tăng hay giảm tự nó không tốt hay xấu.")


def test_window_can_be_named_or_given_by_dates(opened: Opened) -> None:
    page = opened()

    page.locator("select.named").select_option("campaign:one")
    expect(page.locator(".covers strong")).to_have_text("Phong trào mùa thu")
    page.get_by_role("button", name="Tự chọn ngày").click()
    page.get_by_label("Từ ngày").fill("2026-11-01")
    page.get_by_label("Đến hết ngày").fill("2026-11-10")
    page.get_by_role("button", name="Xem", exact=True).click()

    expect(page.locator(".covers")).to_contain_text("01/11/2026 đến 10/11/2026")
    assert "from=2026-11-01&to=2026-11-10" in page.url


# -- trust


def test_quiet_hour_stays_live(opened: Opened) -> None:
    page = opened()

    expect(level(page)).to_have_attribute("data-level", "live")
    expect(page.locator(".simulated")).to_have_text("Dữ liệu mô phỏng")


def test_banner_names_what_is_wrong(opened: Opened, rig: ConsoleRig) -> None:
    page = opened()

    rig.feed.level = Level.BEHIND
    rig.feed.broker_reachable = False

    expect(level(page)).to_have_attribute("data-level", "behind")
    expect(page.locator(".reasons")).to_contain_text("không kết nối được Kafka")


def test_a_night_with_nobody_at_work_is_no_quiet_night(opened: Opened, rig: ConsoleRig) -> None:
    page = opened()

    rig.feed.worker = {"silent": True, "silent_since": "2026-11-23T03:00:00+07:00", "silence_s": 14.0, "stopped": None}

    expect(level(page)).to_have_attribute("data-level", "behind")
    expect(page.locator(".reasons")).to_contain_text("Không có tiến trình tính số liệu từ 03:00:00")

    rig.feed.worker = {"silent": False, "stopped": "patrols.v1/3 goes on with another database"}

    expect(page.locator(".reasons")).to_contain_text("Việc tính số liệu đã dừng: patrols.v1/3")


def test_stale_values_are_dimmed(opened: Opened, rig: ConsoleRig) -> None:
    page = opened()

    rig.feed.level = Level.STALE

    expect(level(page)).to_have_attribute("data-level", "stale")
    expect(page.locator("main.dimmed")).to_be_attached()


def test_rebuild_and_history_show_their_progress(opened: Opened, rig: ConsoleRig) -> None:
    page = opened()

    rig.feed.status, rig.feed.progress = "rebuilding", 0.43
    rig.feed.history = {"done": 180_000, "total": 720_000, "label": "tháng 3/2025"}

    expect(page.locator(".pill")).to_have_text("Đang dựng lại")
    expect(page.locator(".progress").first).to_contain_text("43%")
    expect(page.locator(".progress").nth(1)).to_contain_text("180.000/720.000")


def test_incomplete_unit_is_marked(opened: Opened, rig: ConsoleRig) -> None:
    page = opened()

    rig.skip(HOAN_KIEM, "crime_reports_received")

    expect(page.locator(f'.grid tr[data-unit="{HOAN_KIEM}"] .tag')).to_have_text("chưa đầy đủ")


def test_cut_keeps_the_last_figures_and_heals(opened: Opened, rig: ConsoleRig) -> None:
    page = opened()
    before = figure(page, HOAN_KIEM).inner_text()

    rig.stop()
    expect(level(page)).to_have_attribute("data-level", "cut")
    expect(page.locator(".reasons")).to_contain_text(re.compile(r"Đang hiển thị số liệu lúc \d\d:\d\d:\d\d"))
    assert figure(page, HOAN_KIEM).inner_text() == before
    rig.start()
    rig.record(HOAN_KIEM, "patrols_completed")

    expect(level(page)).to_have_attribute("data-level", "live")
    expect(figure(page, HOAN_KIEM)).to_have_text(str(number(before) + 1))


def test_pause_holds_the_screen_and_resume_catches_up(opened: Opened, rig: ConsoleRig) -> None:
    page = opened()
    before = number(figure(page, HOAN_KIEM).inner_text())
    page.get_by_role("button", name="Tạm dừng cập nhật trên màn hình").click()

    rig.record(HOAN_KIEM, "patrols_completed")
    # The push of the freshness comes over the same stream, after the change.
    received = page.locator(".sums b").last.inner_text()
    expect(page.locator(".sums b").last).not_to_have_text(received)
    held = number(figure(page, HOAN_KIEM).inner_text())
    page.get_by_role("button", name="Tiếp tục cập nhật trên màn hình").click()

    assert held == before
    expect(figure(page, HOAN_KIEM)).to_have_text(str(before + 1))


def key_pair(directory: Path) -> tuple[bytes, Path]:
    """A private key, and the file with its public half."""
    private = Ed25519PrivateKey.generate()
    public = directory / "public.pem"
    public.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), public


def test_token_is_asked_for_and_kept_in_the_tab_only(browser: Browser, tmp_path: Path) -> None:
    private_key, public_key = key_pair(tmp_path)
    with running(ConsoleRig(public_key=public_key)) as locked:
        page = browser.new_page()
        page.goto(locked.url)
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Nhập mã truy cập")

        dialog.get_by_label("Mã truy cập").fill("not-a-token")
        dialog.get_by_role("button", name="Vào xem").click()
        expect(dialog.get_by_role("alert")).to_have_text("Mã vừa nhập không được chấp nhận.")
        token = issue_token(private_key, Role.CITY_OPERATOR, ["*"], "operator", timedelta(hours=1))
        dialog.get_by_label("Mã truy cập").fill(token)
        dialog.get_by_role("button", name="Vào xem").click()

        expect(figure(page, HOAN_KIEM, "patrols_completed").or_(page.locator("td.silent")).first).to_be_visible()
        expect(dialog).to_have_count(0)
        assert page.evaluate("[sessionStorage.length, localStorage.length]") == [1, 0]
        page.close()


# -- for everybody


def test_keyboard_is_enough(opened: Opened) -> None:
    page = opened()

    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    second = units_shown(page)[0]
    expect(page.locator(f'.grid tr[data-unit="{second}"] a.unit')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page.get_by_role("complementary")).to_have_count(0)
    page.keyboard.press("?")

    expect(page.get_by_role("dialog")).to_contain_text("Phím tắt")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("path", ["", f"?unit={HOAN_KIEM}", "?columns=tips&lang=en"])
def test_narrow_screen_needs_no_sideways_scrolling(opened: Opened, path: str) -> None:
    page = opened(path, width=360, height=780)

    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator(".grid tbody tr").nth(1).evaluate("row => getComputedStyle(row).display") == "grid"


def test_targets_are_large_enough(opened: Opened) -> None:
    page = opened()

    small = page.eval_on_selector_all(
        "button, a, input, select, summary",
        """elements => elements
          .filter(element => element.checkVisibility() && !element.matches('.skip'))
          .map(element => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24)
          .map(([html]) => html)""",
    )

    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_axe_finds_nothing(opened: Opened, scheme: str, language: str) -> None:
    # The page's policy forbids scripts from elsewhere; the checker is let in from outside of the page.
    page = opened(f"?lang={language}&unit={HOAN_KIEM}", color_scheme=scheme, reduced_motion="reduce", bypass_csp=True)
    expect(page.locator(".panel-body td .live").first).to_be_visible()
    page.get_by_role("button", name=re.compile("^(Chi tiết|Details)$")).click()
    page.add_script_tag(path=AXE)

    found = page.evaluate(
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })"
    )

    problems = [(v["id"], [node["html"][:160] for node in v["nodes"][:3]]) for v in found["violations"]]
    assert problems == []
