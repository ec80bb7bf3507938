"""What awards, gifts, exemplars, community models and campaigns count for."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from services.stats.catalogue import measures as of
from services.stats.catalogue.facts import AWARD, CAMPAIGN, COMMUNITY_MODEL, EXEMPLAR, Award, CommunityModel, Exemplar
from services.stats.catalogue.metric import Counted, Good, Measure, Metric

GIFT: Final = "gift"
KINDS: Final = {
    "giay_khen": ("Giấy khen", "certificate of merit (giấy khen)"),
    "bang_khen": ("Bằng khen", "diploma of merit (bằng khen)"),
    "co_thi_dua": ("Cờ thi đua", "emulation flag (cờ thi đua)"),
    "bang_or_giay_khen": ("Bằng khen hoặc giấy khen", "bằng khen or giấy khen, published as one sum"),
}
ISSUERS: Final = {
    "prime_minister": ("của Thủ tướng Chính phủ", "of the prime minister"),
    "ministry": ("của Bộ", "of a ministry"),
    "province_chair": ("của Chủ tịch UBND cấp tỉnh", "of the province chair"),
    "city_police_director": ("của Giám đốc Công an cấp tỉnh", "of the city police director"),
    "commune_chair": ("của Chủ tịch UBND cấp xã", "of the commune chair"),
    "not_published": ("(cấp khen không công bố)", "(issuer not published)"),
}
RECIPIENTS: Final = {
    "collective": ("tập thể", "collectives"),
    "individual": ("cá nhân", "individuals"),
    "police_unit": ("đơn vị công an", "police units"),
}
ORGANISATIONS: Final = {
    "veterans": ("cựu chiến binh", "veterans"),
    "women": ("phụ nữ", "women"),
    "farmers": ("nông dân", "farmers"),
    "youth": ("thanh niên", "youth"),
    "elderly": ("người cao tuổi", "elderly people"),
    "other": ("tổ chức khác", "other organisations"),
}
Stage = Callable[[CommunityModel], datetime | None]
STAGES: Final[dict[str, tuple[str, str, Stage]]] = {
    "launched": ("được xây dựng", "launched", lambda m: m.launched_at),
    "recognised": ("được công nhận", "recognised", lambda m: m.recognised_at),
    "replicated": ("được nhân rộng toàn quốc", "replicated nationwide", lambda m: m.replicated_at),
    "discontinued": ("đã dừng", "discontinued", lambda m: m.discontinued_at),
}


def _awards(kind: str, issuer: str, recipient: str) -> Metric[Award]:
    (kind_vi, kind_en), (issuer_vi, issuer_en), (recipient_vi, recipient_en) = (
        KINDS[kind],
        ISSUERS[issuer],
        RECIPIENTS[recipient],
    )
    return Metric(
        id=f"awards_{kind}__{issuer}__{recipient}",
        measure=of.AWARDS,
        title_vi=f"{kind_vi} {issuer_vi} cho {recipient_vi}",
        title_en=f"To {recipient_en}: {kind_en} {issuer_en}",
        explanation_vi="Số lượt đã trao, tính theo ngày trao; đã thu hồi thì không tính.",
        explanation_en="Honours handed over, counted when they were; revoked ones do not count.",
        counts=(
            Counted(
                AWARD,
                at=lambda a: a.conferred_at if (a.kind, a.issuer, a.recipient) == (kind, issuer, recipient) else None,
            ),
        ),
        good=Good.UP,
        family="awards_conferred",
    )


def _exemplars(organisation: str, vi: str, en: str) -> Metric[Exemplar]:
    return Metric(
        id=f"exemplars_honoured__{organisation}",
        measure=of.EXEMPLARS,
        title_vi=f"Gương điển hình: {vi}",
        title_en=f"Exemplars: {en}",
        explanation_vi=f"Trong số gương điển hình được biểu dương, số gương thuộc khối {vi}.",
        explanation_en=f"Of the exemplars honoured, those of {en}.",
        counts=(Counted(EXEMPLAR, at=lambda e: e.honoured_at if e.organisation == organisation else None),),
        good=Good.UP,
        family="exemplars_honoured",
    )


def _models(nature: str, measure: Measure, stage: str) -> Metric[CommunityModel]:
    vi, en, at = STAGES[stage]
    return Metric(
        id=f"{nature}s_{stage}",
        measure=measure,
        title_vi=f"{measure.vi.capitalize()} {vi}",
        title_en=f"Community {nature}s {en}",
        explanation_vi=f"Số {measure.vi} {vi} trong kỳ, tính theo thời điểm diễn ra.",
        explanation_en=f"Community {nature}s that were {en} in the interval, counted at that moment.",
        counts=(Counted(COMMUNITY_MODEL, at=lambda m: at(m) if m.nature == nature else None),),
        good=Good.NEUTRAL if stage == "discontinued" else Good.UP,
        headline=(nature, stage) == ("model", "replicated"),
    )


METRICS: Final[tuple[Metric[Any], ...]] = (
    Metric(
        id="awards_conferred",
        measure=of.AWARDS,
        title_vi="Khen thưởng",
        title_en="Awards conferred",
        explanation_vi="Số lượt giấy khen, bằng khen và cờ thi đua đã trao, tính theo ngày trao. "
        "Quà tặng được tính riêng.",
        explanation_en="Giấy khen, bằng khen and flags handed over, counted when they were. Gifts are counted apart: "
        "they are help, not an honour under the law on emulation.",
        counts=(Counted(AWARD, at=lambda a: a.conferred_at if a.kind != GIFT else None),),
        good=Good.UP,
        headline=True,
    ),
    *(_awards(kind, issuer, recipient) for kind in KINDS for issuer in ISSUERS for recipient in RECIPIENTS),
    Metric(
        id="gifts",
        measure=of.GIFTS,
        title_vi="Quà tặng",
        title_en="Gifts",
        explanation_vi="Số suất quà đã trao, tính theo ngày trao. Không nằm trong số khen thưởng.",
        explanation_en="Gifts handed over, counted when they were. Not part of the awards conferred.",
        counts=(Counted(AWARD, at=lambda a: a.conferred_at if a.kind == GIFT else None),),
        good=Good.UP,
    ),
    Metric(
        id="exemplars_honoured",
        measure=of.EXEMPLARS,
        title_vi="Gương điển hình được biểu dương",
        title_en="Exemplars honoured",
        explanation_vi="Số gương điển hình tiên tiến được biểu dương, tính theo thời điểm biểu dương.",
        explanation_en="People and groups held up as an example, counted when honoured.",
        counts=(Counted(EXEMPLAR, at=lambda e: e.honoured_at),),
        good=Good.UP,
        headline=True,
    ),
    *(_exemplars(organisation, vi, en) for organisation, (vi, en) in ORGANISATIONS.items()),
    *(_models("model", of.MODELS, stage) for stage in STAGES),
    *(_models("theme", of.THEMES, stage) for stage in STAGES),
    Metric(
        id="campaigns_launched",
        measure=of.CAMPAIGNS,
        title_vi="Phong trào thi đua được phát động",
        title_en="Campaigns launched",
        explanation_vi="Số phong trào, đợt thi đua được phát động, tính theo thời điểm phát động.",
        explanation_en="Emulation campaigns launched, counted when launched.",
        counts=(Counted(CAMPAIGN, at=lambda c: c.launched_at),),
        good=Good.NEUTRAL,
    ),
)
