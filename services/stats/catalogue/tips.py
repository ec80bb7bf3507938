"""What tips and advisory documents count for."""

from typing import Any, Final

from services.stats.catalogue import crime_reports
from services.stats.catalogue import measures as of
from services.stats.catalogue.facts import ADVISORY_DOCUMENT, SECURITY_INFORMATION, AdvisoryDocument
from services.stats.catalogue.metric import Counted, Good, Metric, Ratio

ADDRESSEES: Final = {
    "party_committee": ("cấp ủy", "party committees"),
    "peoples_council": ("Hội đồng nhân dân", "people's councils"),
    "peoples_committee": ("Ủy ban nhân dân", "people's committees"),
    "city_police": ("công an cấp trên", "the city police"),
}

SECURITY_INFORMATION_RECEIVED: Final = Metric(
    id="security_information_received",
    measure=of.SECURITY_INFORMATION,
    title_vi="Tin về an ninh, trật tự",
    title_en="Security information received",
    explanation_vi="Số tin về an ninh, trật tự được tiếp nhận, tính theo thời điểm tiếp nhận. Không bao gồm tin báo, "
    "tố giác tội phạm. Tin nhập trùng, đã gộp hoặc hủy không được tính.",
    explanation_en="Pieces of security information received, counted when received. Crime reports are another stream "
    "and not included; merged and voided ones do not count.",
    counts=(Counted(SECURITY_INFORMATION, at=lambda t: t.received_at),),
    headline=True,
)
SECURITY_INFORMATION_VALUABLE: Final = Metric(
    id="security_information_valuable",
    measure=of.SECURITY_INFORMATION,
    title_vi="Tin an ninh, trật tự có giá trị",
    title_en="Valuable security information",
    explanation_vi="Trong số tin về an ninh, trật tự đã tiếp nhận, số tin được đánh giá là có giá trị. Tính theo thời "
    "điểm tiếp nhận tin (không phải thời điểm đánh giá), nên luôn là một phần của số tin tiếp nhận cùng kỳ.",
    explanation_en="Of the security information received in the interval, how much is judged valuable by now. Counted "
    "when received, not when judged, so it is always a part of what was received in the same interval.",
    counts=(Counted(SECURITY_INFORMATION, at=lambda t: t.received_at if t.value == "valuable" else None),),
    good=Good.UP,
    headline=True,
)
ADVISORY_DOCUMENTS_ISSUED: Final = Metric(
    id="advisory_documents_issued",
    measure=of.DOCUMENTS,
    title_vi="Văn bản tham mưu đã ban hành",
    title_en="Advisory documents issued",
    explanation_vi="Số văn bản công an cấp xã tham mưu cho cấp ủy, chính quyền và công an cấp trên, tính theo ngày ban "
    "hành. Văn bản đã thu hồi không được tính.",
    explanation_en="Documents in which the commune police advised party, authorities or the city police, counted when "
    "issued. Withdrawn ones do not count.",
    counts=(Counted(ADVISORY_DOCUMENT, at=lambda d: d.issued_at),),
    good=Good.UP,
    headline=True,
)


def _issued_to(addressee: str, vi: str, en: str) -> Metric[AdvisoryDocument]:
    return Metric(
        id=f"advisory_documents_issued__{addressee}",
        measure=of.DOCUMENTS,
        title_vi=f"Văn bản tham mưu gửi {vi}",
        title_en=f"Advisory documents to {en}",
        explanation_vi=f"Trong số văn bản tham mưu đã ban hành, số văn bản gửi {vi}.",
        explanation_en=f"Of the advisory documents issued, those addressed to {en}.",
        counts=(Counted(ADVISORY_DOCUMENT, at=lambda d: d.issued_at if d.addressee == addressee else None),),
        family="advisory_documents_issued",
    )


METRICS: Final[tuple[Metric[Any], ...]] = (
    SECURITY_INFORMATION_RECEIVED,
    SECURITY_INFORMATION_VALUABLE,
    *crime_reports.METRICS,
    ADVISORY_DOCUMENTS_ISSUED,
    *(_issued_to(addressee, vi, en) for addressee, (vi, en) in ADDRESSEES.items()),
)
RATIOS: Final = (
    Ratio(
        id="security_information_valuable_rate",
        unit_vi="%",
        unit_en="%",
        title_vi="Tỷ lệ tin an ninh, trật tự có giá trị",
        title_en="Share of valuable security information",
        explanation_vi="Tin có giá trị trên tổng số tin về an ninh, trật tự tiếp nhận trong cùng kỳ.",
        explanation_en="Valuable security information by all security information received in the same interval.",
        numerator=SECURITY_INFORMATION_VALUABLE,
        denominator=SECURITY_INFORMATION_RECEIVED,
        factor=100,
        good=Good.UP,
        headline=True,
    ),
    *crime_reports.RATIOS,
)
