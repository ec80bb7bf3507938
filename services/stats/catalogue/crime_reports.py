"""What crime reports count for: what came in, what was decided and when, where the clocks of open ones stand."""

from typing import Final

from services.stats.catalogue import measures as of
from services.stats.catalogue.clocks import (
    DECISION_TIME_EDGES_S,
    decided_at,
    done_at,
    in_time_until,
    on_time,
    overdue_from,
    stopped_at,
    suspended_from,
)
from services.stats.catalogue.facts import CRIME_REPORT
from services.stats.catalogue.histogram import Histogram, Percentile
from services.stats.catalogue.metric import Counted, Good, Kind, Metric, Ratio

CRIME_REPORTS_RECEIVED: Final = Metric(
    id="crime_reports_received",
    measure=of.CRIME_REPORTS,
    title_vi="Tin báo, tố giác tội phạm",
    title_en="Crime reports received",
    explanation_vi="Số tin báo, tố giác về tội phạm được tiếp nhận, tính theo thời điểm tiếp nhận. Không bao gồm tin "
    "về an ninh, trật tự.",
    explanation_en="Crime reports and denunciations received, counted when received. Security information is another "
    "stream and not included.",
    counts=(Counted(CRIME_REPORT, at=lambda t: t.received_at),),
    headline=True,
)
CRIME_REPORTS_CHECKED: Final = Metric(
    id="crime_reports_checked",
    measure=of.CRIME_REPORTS,
    title_vi="Tin báo, tố giác đã kiểm tra, xác minh",
    title_en="Crime reports checked",
    explanation_vi="Số tin báo, tố giác tội phạm mà công an cấp xã đã bắt đầu kiểm tra, xác minh, bất kể kết quả; tính "
    "theo thời điểm bắt đầu xác minh.",
    explanation_en="Crime reports whose check by the commune police has begun, whatever came out; counted when the "
    "check began.",
    counts=(Counted(CRIME_REPORT, at=lambda t: t.verification_started_at),),
    good=Good.UP,
    headline=True,
)
CRIME_REPORTS_VERIFIED: Final = Metric(
    id="crime_reports_verified",
    measure=of.CRIME_REPORTS,
    title_vi="Tin báo, tố giác được xác minh là đúng",
    title_en="Crime reports confirmed",
    explanation_vi="Số tin báo, tố giác tội phạm được xác minh là có cơ sở; tính theo thời điểm kết luận.",
    explanation_en="Crime reports that the check confirmed; counted when it did.",
    counts=(Counted(CRIME_REPORT, at=lambda t: t.verified_at),),
)
CRIME_REPORTS_REFUTED: Final = Metric(
    id="crime_reports_refuted",
    measure=of.CRIME_REPORTS,
    title_vi="Tin báo, tố giác không có cơ sở",
    title_en="Crime reports refuted",
    explanation_vi="Số tin báo, tố giác tội phạm được xác minh là không có cơ sở; tính theo thời điểm kết luận.",
    explanation_en="Crime reports that the check showed not to hold; counted when it did.",
    counts=(Counted(CRIME_REPORT, at=lambda t: t.refuted_at),),
)
CRIME_REPORTS_FOUND_INCONCLUSIVE: Final = Metric(
    id="crime_reports_found_inconclusive",
    measure=of.CRIME_REPORTS,
    title_vi="Tin báo, tố giác chưa đủ căn cứ kết luận",
    title_en="Crime reports found inconclusive",
    explanation_vi="Số tin báo, tố giác tội phạm mà việc xác minh không đủ căn cứ để kết luận đúng hay sai; tính theo "
    "thời điểm kết luận.",
    explanation_en="Crime reports that the check could neither confirm nor refute; counted when it ended.",
    counts=(Counted(CRIME_REPORT, at=lambda t: t.found_inconclusive_at),),
)
CRIME_REPORTS_DECIDED: Final = Metric(
    id="crime_reports_decided",
    measure=of.CRIME_REPORTS,
    title_vi="Tin báo, tố giác đã có kết luận",
    title_en="Crime reports decided",
    explanation_vi="Số tin báo, tố giác tội phạm đã có kết luận: đúng, không có cơ sở, hoặc chưa đủ căn cứ; mỗi tin "
    "tính một lần, theo thời điểm kết luận đầu tiên còn giá trị.",
    explanation_en="Crime reports that were confirmed, refuted or found inconclusive, each counted once, at the "
    "earliest finding that stands.",
    counts=(Counted(CRIME_REPORT, at=decided_at),),
    good=Good.UP,
)
CRIME_REPORTS_DECIDED_WITH_DEADLINE: Final = Metric(
    id="crime_reports_decided_with_deadline",
    measure=of.CRIME_REPORTS,
    title_vi="Tin báo, tố giác đã có kết luận, biết thời hạn",
    title_en="Crime reports decided whose deadline is known",
    explanation_vi="Trong số tin báo, tố giác đã có kết luận, số tin biết được thời hạn giải quyết.",
    explanation_en="Of the crime reports decided, those whose deadline is known.",
    counts=(Counted(CRIME_REPORT, at=lambda t: decided_at(t) if t.decision_due_at is not None else None),),
    family="crime_reports_decided",
)
CRIME_REPORTS_DECIDED_ON_TIME: Final = Metric(
    id="crime_reports_decided_on_time",
    measure=of.CRIME_REPORTS,
    title_vi="Tin báo, tố giác có kết luận đúng hạn",
    title_en="Crime reports decided on time",
    explanation_vi="Trong số tin báo, tố giác đã có kết luận, số tin có kết luận trong thời hạn luật định.",
    explanation_en="Of the crime reports decided, those decided within the time that the law gives.",
    counts=(Counted(CRIME_REPORT, at=lambda t: decided_at(t) if on_time(t) else None),),
    good=Good.UP,
    family="crime_reports_decided",
)
CRIME_REPORTS_OPEN: Final = Metric(
    id="crime_reports_open",
    measure=of.CRIME_REPORTS,
    kind=Kind.LEVEL,
    title_vi="Tin báo, tố giác đang giải quyết",
    title_en="Crime reports open",
    explanation_vi="Số tin báo, tố giác tội phạm đã tiếp nhận và chưa có kết luận, chưa chuyển, chưa giải quyết xong ở "
    "cuối kỳ.",
    explanation_en="Crime reports received and not yet decided, handed over, resolved or closed at the end of the "
    "interval.",
    counts=(
        Counted(CRIME_REPORT, at=lambda t: t.received_at),
        Counted(CRIME_REPORT, at=done_at, amount=lambda _: -1),
    ),
    good=Good.DOWN,
)
CRIME_REPORTS_IN_TIME: Final = Metric(
    id="crime_reports_in_time",
    measure=of.CRIME_REPORTS,
    kind=Kind.LEVEL,
    title_vi="Tin báo, tố giác đang giải quyết, còn hạn",
    title_en="Crime reports open, in time",
    explanation_vi="Trong số tin đang giải quyết ở cuối kỳ, số tin chưa hết thời hạn giải quyết.",
    explanation_en="Of the crime reports open at the end of the interval, those whose time has not run out.",
    counts=(
        Counted(CRIME_REPORT, at=lambda t: t.received_at if t.decision_due_at is not None else None),
        Counted(CRIME_REPORT, at=in_time_until, amount=lambda _: -1),
    ),
    family="crime_reports_open",
    ahead=True,
)
CRIME_REPORTS_OVERDUE: Final = Metric(
    id="crime_reports_overdue",
    measure=of.CRIME_REPORTS,
    kind=Kind.LEVEL,
    title_vi="Tin báo, tố giác quá hạn",
    title_en="Crime reports overdue",
    explanation_vi="Trong số tin đang giải quyết ở cuối kỳ, số tin đã hết thời hạn giải quyết mà chưa có kết luận.",
    explanation_en="Of the crime reports open at the end of the interval, those whose time has run out.",
    counts=(
        Counted(CRIME_REPORT, at=overdue_from),
        Counted(CRIME_REPORT, at=lambda t: stopped_at(t) if overdue_from(t) is not None else None, amount=lambda _: -1),
    ),
    good=Good.DOWN,
    family="crime_reports_open",
    ahead=True,
)
CRIME_REPORTS_SUSPENDED: Final = Metric(
    id="crime_reports_suspended",
    measure=of.CRIME_REPORTS,
    kind=Kind.LEVEL,
    title_vi="Tin báo, tố giác tạm đình chỉ giải quyết",
    title_en="Crime reports suspended",
    explanation_vi="Trong số tin đang giải quyết ở cuối kỳ, số tin tạm đình chỉ; thời hạn không chạy.",
    explanation_en="Of the crime reports open at the end of the interval, those on which work is suspended under the "
    "law: their time does not run.",
    counts=(
        Counted(CRIME_REPORT, at=suspended_from),
        Counted(CRIME_REPORT, at=lambda t: done_at(t) if suspended_from(t) is not None else None, amount=lambda _: -1),
    ),
    family="crime_reports_open",
)
CRIME_REPORTS_WITHOUT_DEADLINE: Final = Metric(
    id="crime_reports_without_deadline",
    measure=of.CRIME_REPORTS,
    kind=Kind.LEVEL,
    title_vi="Tin báo, tố giác đang giải quyết, không rõ thời hạn",
    title_en="Crime reports open, deadline not known",
    explanation_vi="Trong số tin đang giải quyết ở cuối kỳ, số tin không rõ thời hạn giải quyết.",
    explanation_en="Of the crime reports open at the end of the interval, those whose deadline is not known.",
    counts=(
        Counted(CRIME_REPORT, at=lambda t: t.received_at if t.decision_due_at is None else None),
        Counted(CRIME_REPORT, at=lambda t: stopped_at(t) if t.decision_due_at is None else None, amount=lambda _: -1),
    ),
    family="crime_reports_open",
)
DECISION_TIME: Final = Histogram(
    id="crime_reports_decision_time",
    counted=CRIME_REPORTS_DECIDED,
    length=lambda t: (decided_at(t) or t.received_at) - t.received_at,
    edges=DECISION_TIME_EDGES_S,
)


def _days_to_decision(percent: int, vi: str, en: str) -> Percentile:
    return Percentile(
        id=f"crime_reports_days_to_decision_p{percent}",
        unit_vi="ngày",
        unit_en="days",
        unit_s=86_400,
        title_vi=f"Thời gian giải quyết tin báo, tố giác: {vi}",
        title_en=f"Time to decision on crime reports: {en}",
        explanation_vi=f"Cứ 100 tin báo, tố giác có kết luận trong kỳ thì {percent} tin có kết luận trong thời gian "
        "này kể từ khi tiếp nhận. Tính từ các khoảng cộng được, sai số tương đối tối đa "
        f"{DECISION_TIME.relative_error:.0%}.",
        explanation_en=f"Of the crime reports decided in the interval, {percent} % were decided within this time from "
        f"receipt. Told from additive bins with a relative error of at most {DECISION_TIME.relative_error:.0%}.",
        histogram=DECISION_TIME,
        percent=percent,
        good=Good.DOWN,
    )


METRICS: Final = (
    CRIME_REPORTS_RECEIVED,
    CRIME_REPORTS_CHECKED,
    CRIME_REPORTS_VERIFIED,
    CRIME_REPORTS_REFUTED,
    CRIME_REPORTS_FOUND_INCONCLUSIVE,
    CRIME_REPORTS_DECIDED,
    CRIME_REPORTS_DECIDED_WITH_DEADLINE,
    CRIME_REPORTS_DECIDED_ON_TIME,
    CRIME_REPORTS_OPEN,
    CRIME_REPORTS_IN_TIME,
    CRIME_REPORTS_OVERDUE,
    CRIME_REPORTS_SUSPENDED,
    CRIME_REPORTS_WITHOUT_DEADLINE,
)
RATIOS: Final = (
    Ratio(
        id="crime_reports_verified_rate",
        unit_vi="%",
        unit_en="%",
        title_vi="Tỷ lệ tin báo, tố giác được xác minh là đúng",
        title_en="Share of crime reports confirmed",
        explanation_vi="Tin báo, tố giác được kết luận là đúng trong kỳ trên số tin bắt đầu kiểm tra, xác minh trong "
        "kỳ; tin bắt đầu ở kỳ trước có thể được kết luận trong kỳ này.",
        explanation_en="Crime reports confirmed in the interval by those whose check began in it; a check may have "
        "begun in an earlier interval than it ended.",
        numerator=CRIME_REPORTS_VERIFIED,
        denominator=CRIME_REPORTS_CHECKED,
        factor=100,
    ),
    Ratio(
        id="crime_reports_on_time_rate",
        unit_vi="%",
        unit_en="%",
        title_vi="Tỷ lệ tin báo, tố giác có kết luận đúng hạn",
        title_en="Share of crime reports decided on time",
        explanation_vi="Tin có kết luận đúng hạn trên số tin có kết luận trong kỳ và biết thời hạn. Tin quá hạn mà "
        "chưa có kết luận chưa nằm ở đây, xem số tin quá hạn.",
        explanation_en="Crime reports decided on time by those decided in the same interval whose deadline is known. "
        "Those still open after their deadline are not in here yet: see the overdue ones.",
        numerator=CRIME_REPORTS_DECIDED_ON_TIME,
        denominator=CRIME_REPORTS_DECIDED_WITH_DEADLINE,
        factor=100,
        good=Good.UP,
    ),
)
PERCENTILES: Final = (
    _days_to_decision(50, "trung vị", "median"),
    _days_to_decision(90, "90 % số tin", "90th percentile"),
)
