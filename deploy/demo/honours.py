"""The facts that are told one by one: instruments, campaigns, awards, gifts, exemplars and models; pure.

A recipient has no name here, and a title that no report gives says that it is made up.
"""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any, Final

from deploy.demo.geography import eras, weights
from deploy.demo.published import (
    AWARDS_2024,
    CONFERENCE,
    DONG_THAP,
    DONG_THAP_CAMPAIGN,
    DONG_THAP_REVIEW,
    EXEMPLARS,
    FIGURES,
    GIFTS,
    HANOI,
    HO_CHI_MINH_CITY,
    REVIEW,
    WINDOWS,
    Figure,
)
from deploy.demo.rhythm import DAY_S, OFFICE, day_number, text
from deploy.demo.shares import allocate
from shared.places import places

Record = dict[str, Any]
SIMULATED: Final = "dữ liệu mô phỏng"
_MORNING_S: Final = 9 * 3600
_REPLICATED: Final = (
    # Which of the four the theme was is not published.
    ("Bắc Từ Liêm", "model"),
    ("Quốc Oai", "model"),
    ("Cầu Giấy", "model"),
    ("Hà Đông", "theme"),
)
_AWARDS_OF: Final = {AWARDS_2024: (HANOI, 2024), DONG_THAP_REVIEW: (DONG_THAP, None)}


def instruments() -> Iterator[Record]:
    """The legal instruments whose days in force are windows of the statistics."""
    resolution, directive, law, decree = (first for kind, first, _ in WINDOWS if kind == "legal_instrument")
    for key, number, title, title_en, first in (
        ("resolution-12", "12", "Nghị quyết số 12 ngày 25/7/2022", "Resolution 12 of 25 July 2022", resolution),
        ("directive-11", "11", "Chỉ thị số 11 ngày 28/10/2022", "Directive 11 of 28 October 2022", directive),
        (
            "law-on-the-force",
            "30/2023/QH15",
            "Luật Lực lượng tham gia bảo vệ an ninh, trật tự ở cơ sở",
            "Law on grassroots security forces",
            law,
        ),
        (
            "decree-06-2014",
            "06/2014/NĐ-CP",
            "Nghị định về biện pháp vận động quần chúng bảo vệ an ninh, trật tự",
            "Decree on mobilising the people for security and order",
            decree,
        ),
    ):
        yield {
            "type": "legal_instrument",
            "key": f"demo/instrument/{key}",
            "unit": HANOI,
            "number": number,
            "title": title,
            "title_en": title_en,
            "in_force_from": first.isoformat(),
        }


def campaigns() -> Iterator[Record]:
    """The emulation campaigns, which are windows of the statistics too."""
    first, last = DONG_THAP_CAMPAIGN
    yield _campaign(
        "dong-thap-special",
        DONG_THAP,
        "Lực lượng mới, khí thế mới, thi đua bảo đảm ANTT ở cơ sở trong tình hình mới",
        "New force, new spirit: special campaign of Đồng Tháp",
        first,
        last,
    )
    yield _campaign(
        "dong-thap-anniversaries",
        DONG_THAP,
        f"Thi đua chào mừng hai ngày kỷ niệm lần thứ 80 và lần thứ 20 ({SIMULATED})",
        "Campaign of Đồng Tháp for the 80th and 20th anniversaries",
        DONG_THAP_REVIEW,
        last,
    )
    yield _campaign(
        "hanoi-force",
        HANOI,
        "Thi đua chào mừng Đại hội XIV của Đảng và bầu cử nhiệm kỳ 2026-2031",
        "Campaign of the force for the 14th Party Congress and the elections of 2026-2031",
        CONFERENCE,
        None,
    )


def _campaign(key: str, unit: str, title: str, title_en: str, first: date, last: date | None) -> Record:
    told = {} if last is None else {"to_date": last.isoformat()}
    return {
        "type": "campaign",
        "key": f"demo/campaign/{key}",
        "unit": unit,
        "title": title,
        "title_en": title_en,
        "launched_at": _morning(first),
        "from_date": first.isoformat(),
        **told,
    }


def awards() -> Iterator[Record]:
    """The honours of the two reviews, one record each."""
    for figure in FIGURES:
        if figure.metric.startswith("awards_"):
            yield from _awards(figure)


def _awards(figure: Figure) -> Iterator[Record]:
    kind, issuer, recipient = figure.metric.removeprefix("awards_").split("__")
    unit, for_year = _AWARDS_OF[figure.first]
    if issuer == "prime_minister":
        for_year = 2023
    for number in range(figure.amount):
        yield {
            "type": "award",
            "key": f"demo/award/{figure.metric}/{figure.first}/{number}",
            "unit": unit,
            "kind": kind,
            "issuer": issuer,
            "recipient": recipient,
            "conferred_at": _morning(figure.first),
            **({} if for_year is None else {"for_year": for_year}),
        }


def gifts() -> Iterator[Record]:
    """The gifts in the wards of a former district, each in a ward of that day."""
    wards = places().communes_of_district("Phú Nhuận", HO_CHI_MINH_CITY, GIFTS)
    amount = next(figure.amount for figure in FIGURES if figure.metric == "gifts")
    for ward, share in zip(wards, allocate(amount, [1.0] * len(wards)), strict=True):
        for number in range(share):
            yield {
                "type": "award",
                "key": f"demo/gift/{ward.code}/{number}",
                "unit": ward.code,
                "kind": "gift",
                "issuer": "not_published",
                "recipient": "individual",
                "conferred_at": _morning(GIFTS),
            }


def exemplars() -> Iterator[Record]:
    """The people and groups held up as an example, without their names."""
    for figure in FIGURES:
        name, _, organisation = figure.metric.partition("__")
        if name != "exemplars_honoured" or not organisation:
            continue
        for number in range(figure.amount):
            yield {
                "type": "exemplar",
                "key": f"demo/exemplar/{organisation}/{number}",
                "unit": HANOI,
                "organisation": organisation,
                "honoured_at": _morning(EXEMPLARS),
            }


def models(seed: str, amount: int) -> Iterator[Record]:
    """The community models, among them those that became known nationwide, and the theme that did."""
    special = [_replicated(district, nature) for district, nature in _REPLICATED]
    yield from special
    ordinary = max(0, amount - sum(record["nature"] == "model" for record in special))
    parts = eras(*REVIEW)
    for era, count in zip(parts, allocate(ordinary, [(era.last - era.first).days + 1.0 for era in parts]), strict=True):
        shares = weights("models", era.first)
        for unit, share in zip(shares, allocate(count, list(shares.values())), strict=True):
            rng = Random(f"{seed}/models/{era.first}/{unit}")
            moments = OFFICE.draw(rng, day_number(era.first), day_number(era.last), share)
            for number, moment in enumerate(moments):
                yield _model(f"{era.first}/{unit}/{number}", unit, "model", text(moment))


def _replicated(district: str, nature: str) -> Record:
    launched = date(2021, 3, 1)
    communes = places().communes_of_district(district, HANOI, launched)
    # The report names Đông Xuân itself, and of the others only their district.
    unit = next((commune for commune in communes if commune.short_name == "Đông Xuân"), communes[0])
    return _model(f"nationwide/{unit.code}", unit.code, nature, _morning(launched)) | {
        "recognised_at": _morning(date(2023, 8, 1)),
        "replicated_at": _morning(date(2024, 6, 3)),
    }


def _model(key: str, unit: str, nature: str, launched_at: str) -> Record:
    return {
        "type": "community_model",
        "key": f"demo/model/{key}",
        "unit": unit,
        "nature": nature,
        "title": f"Mô hình bảo đảm an ninh, trật tự ({SIMULATED})",
        "launched_at": launched_at,
    }


def _morning(day: date) -> str:
    return text(day_number(day) * DAY_S + _MORNING_S)
