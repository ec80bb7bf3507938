"""What teams, members, patrols, outreach sessions and incidents count for."""

from datetime import datetime
from typing import Any, Final

from services.stats.catalogue import measures as of
from services.stats.catalogue.facts import INCIDENT, MEMBER, OUTREACH_SESSION, PATROL, TEAM, Patrol
from services.stats.catalogue.metric import Counted, Good, Kind, Metric, Ratio


def _back_at(patrol: Patrol) -> datetime | None:
    return patrol.completed_at or patrol.cancelled_at


def _overdue_from(patrol: Patrol) -> datetime | None:
    """When its planned end passed without it; none for a patrol that was back, or cancelled, by then."""
    due, back = patrol.planned_end_at, _back_at(patrol)
    return due if due is not None and (back is None or back > due) else None


TEAMS_ACTIVE: Final = Metric(
    id="teams_active",
    measure=of.TEAMS,
    kind=Kind.LEVEL,
    title_vi="Tổ bảo vệ an ninh, trật tự",
    title_en="Active teams",
    explanation_vi="Số tổ bảo vệ an ninh, trật tự đang hoạt động ở cuối kỳ: đã thành lập và chưa giải thể.",
    explanation_en="Grassroots security teams at the end of the interval: established and not dissolved.",
    counts=(
        Counted(TEAM, at=lambda t: t.established_at),
        Counted(TEAM, at=lambda t: t.dissolved_at, amount=lambda _: -1),
    ),
    good=Good.UP,
    headline=True,
)
MEMBERS_ACTIVE: Final = Metric(
    id="members_active",
    measure=of.MEMBERS,
    kind=Kind.LEVEL,
    title_vi="Thành viên tổ bảo vệ an ninh, trật tự",
    title_en="Active members",
    explanation_vi="Số thành viên đang tham gia các tổ ở cuối kỳ: đã kết nạp và chưa rời tổ.",
    explanation_en="Members of the teams at the end of the interval: enrolled and not left.",
    counts=(
        Counted(MEMBER, at=lambda m: m.enrolled_at),
        Counted(MEMBER, at=lambda m: m.left_at, amount=lambda _: -1),
    ),
    good=Good.UP,
    headline=True,
)
RESIDENTIAL_GROUPS_COVERED: Final = Metric(
    id="residential_groups_covered",
    measure=of.RESIDENTIAL_GROUPS,
    kind=Kind.LEVEL,
    title_vi="Tổ dân phố, thôn có tổ bảo vệ an ninh, trật tự",
    title_en="Residential groups covered",
    explanation_vi="Số tổ dân phố, thôn mà các tổ đang hoạt động phụ trách ở cuối kỳ, theo khai báo của từng tổ; nơi "
    "do hai tổ cùng phụ trách được tính hai lần. Chưa có tổng số tổ dân phố, thôn nên không tính được tỷ lệ.",
    explanation_en="Residential groups that active teams are responsible for at the end of the interval, as the teams "
    "name them; one named by two teams counts twice. How many groups there are is not known here, so that there is no "
    "share or density.",
    counts=(
        Counted(TEAM, at=lambda t: t.established_at, amount=lambda t: len(t.residential_groups)),
        Counted(TEAM, at=lambda t: t.dissolved_at, amount=lambda t: -len(t.residential_groups)),
    ),
    good=Good.UP,
)
PATROLS_COMPLETED: Final = Metric(
    id="patrols_completed",
    measure=of.PATROLS,
    title_vi="Lượt tuần tra",
    title_en="Patrols completed",
    explanation_vi="Số lượt tuần tra đã hoàn thành, tính theo thời điểm kết thúc; lượt bị hủy hoặc nhập nhầm không "
    "được tính.",
    explanation_en="Patrols completed, counted when they ended; cancelled and voided ones do not count.",
    counts=(Counted(PATROL, at=lambda p: p.completed_at),),
    good=Good.UP,
    headline=True,
)
PATROLS_COMPLETED_SECURITY: Final = Metric(
    id="patrols_completed_security",
    measure=of.PATROLS,
    title_vi="Lượt tuần tra an ninh, trật tự",
    title_en="Security patrols completed",
    explanation_vi="Trong số lượt tuần tra đã hoàn thành, số lượt tuần tra bảo đảm an ninh, trật tự.",
    explanation_en="Of the patrols completed, those for security and order.",
    counts=(Counted(PATROL, at=lambda p: p.completed_at if p.kind == "security" else None),),
    good=Good.UP,
    family="patrols_completed",
)
PATROLS_COMPLETED_TRAFFIC: Final = Metric(
    id="patrols_completed_traffic",
    measure=of.PATROLS,
    title_vi="Lượt tuần tra giao thông",
    title_en="Traffic patrols completed",
    explanation_vi="Trong số lượt tuần tra đã hoàn thành, số lượt tuần tra bảo đảm trật tự, an toàn giao thông.",
    explanation_en="Of the patrols completed, those for traffic order and safety.",
    counts=(Counted(PATROL, at=lambda p: p.completed_at if p.kind == "traffic" else None),),
    good=Good.UP,
    family="patrols_completed",
)
PARTICIPANT_TURNS: Final = Metric(
    id="participant_turns",
    measure=of.PARTICIPANT_TURNS,
    title_vi="Lượt người tham gia tuần tra",
    title_en="Participant turns",
    explanation_vi="Tổng số lượt người tham gia các lượt tuần tra đã hoàn thành, tính theo thời điểm kết thúc.",
    explanation_en="How many people took part in completed patrols, each counted once a patrol, when it ended.",
    counts=(Counted(PATROL, at=lambda p: p.completed_at, amount=lambda p: p.participants),),
    good=Good.UP,
)
PATROLS_UNDER_WAY: Final = Metric(
    id="patrols_under_way",
    measure=of.PATROLS,
    kind=Kind.LEVEL,
    title_vi="Lượt tuần tra đang thực hiện",
    title_en="Patrols under way",
    explanation_vi="Số lượt tuần tra đã bắt đầu và chưa kết thúc ở cuối kỳ.",
    explanation_en="Patrols started and neither completed nor cancelled at the end of the interval.",
    counts=(
        Counted(
            PATROL,
            at=lambda p: _back_at(p) if p.started_at is not None else None,
            amount=lambda _: -1,
        ),
        Counted(PATROL, at=lambda p: p.started_at),
    ),
    headline=True,
)
PATROLS_OVERDUE: Final = Metric(
    id="patrols_overdue",
    measure=of.PATROLS,
    kind=Kind.LEVEL,
    title_vi="Lượt tuần tra quá giờ kết thúc",
    title_en="Patrols overdue",
    explanation_vi="Số lượt tuần tra đã quá giờ kết thúc theo kế hoạch mà chưa báo hoàn thành hoặc hủy, ở cuối kỳ.",
    explanation_en="Patrols whose planned end has passed and that were neither completed nor cancelled, at the end of "
    "the interval.",
    counts=(
        Counted(PATROL, at=_overdue_from),
        Counted(PATROL, at=lambda p: _back_at(p) if _overdue_from(p) is not None else None, amount=lambda _: -1),
    ),
    good=Good.DOWN,
    ahead=True,
)
PATROLS_EXPECTED: Final = Metric(
    id="patrols_expected",
    measure=of.PATROLS,
    title_vi="Nhật ký tuần tra phải nộp",
    title_en="Patrol logs expected",
    explanation_vi="Số lượt tuần tra có giờ kết thúc theo kế hoạch trong kỳ, không kể lượt đã hủy.",
    explanation_en="Patrols that were planned to end in the interval, without cancelled ones.",
    counts=(Counted(PATROL, at=lambda p: p.planned_end_at if p.cancelled_at is None else None),),
    ahead=True,
)
PATROL_LOGS_RECEIVED: Final = Metric(
    id="patrol_logs_received",
    measure=of.PATROLS,
    title_vi="Nhật ký tuần tra đã nhận",
    title_en="Patrol logs received",
    explanation_vi="Trong số lượt tuần tra phải kết thúc trong kỳ theo kế hoạch, số lượt đã báo hoàn thành đến nay.",
    explanation_en="Of the patrols that were planned to end in the interval, those reported as completed by now.",
    counts=(
        Counted(
            PATROL,
            at=lambda p: p.planned_end_at if p.completed_at is not None and p.cancelled_at is None else None,
        ),
    ),
    good=Good.UP,
    ahead=True,
)
OUTREACH_SESSIONS: Final = Metric(
    id="outreach_sessions",
    measure=of.SESSIONS,
    title_vi="Buổi tuyên truyền",
    title_en="Outreach sessions",
    explanation_vi="Số buổi tuyên truyền đã tổ chức, tính theo thời điểm tổ chức.",
    explanation_en="Sessions in which residents were informed, counted when held.",
    counts=(Counted(OUTREACH_SESSION, at=lambda s: s.held_at),),
    good=Good.UP,
    headline=True,
)
OUTREACH_ATTENDANCES: Final = Metric(
    id="outreach_attendances",
    measure=of.ATTENDANCES,
    title_vi="Lượt người dự tuyên truyền",
    title_en="Outreach attendances",
    explanation_vi="Tổng số lượt người dự các buổi tuyên truyền, tính theo thời điểm tổ chức.",
    explanation_en="How many people attended outreach sessions, counted when held.",
    counts=(Counted(OUTREACH_SESSION, at=lambda s: s.held_at, amount=lambda s: s.attendance),),
    good=Good.UP,
)
VIOLATIONS_DETECTED: Final = Metric(
    id="violations_detected",
    measure=of.INCIDENTS,
    title_vi="Vụ vi phạm được phát hiện",
    title_en="Violations detected",
    explanation_vi="Số vụ vi phạm do lực lượng phát hiện, tính theo thời điểm xảy ra. Tăng có thể do phát hiện tốt hơn "
    "hoặc do vi phạm nhiều hơn.",
    explanation_en="Violations that the force detected, counted when they occurred. A rise may mean better detection "
    "or more violations.",
    counts=(Counted(INCIDENT, at=lambda i: i.occurred_at if i.kind == "violation" else None),),
    headline=True,
)
FIRE_INCIDENTS_HANDLED: Final = Metric(
    id="fire_incidents_handled",
    measure=of.INCIDENTS,
    title_vi="Vụ cháy, nổ tham gia xử lý",
    title_en="Fire incidents handled",
    explanation_vi="Số vụ cháy, nổ mà lực lượng đã tham gia phòng cháy, chữa cháy; tính theo thời điểm bắt đầu xử lý, "
    "hoặc thời điểm kết thúc nếu không có.",
    explanation_en="Fires that the force went to deal with, counted when it responded, or, where that is not known, "
    "when the fire was over.",
    counts=(Counted(INCIDENT, at=lambda i: (i.responded_at or i.resolved_at) if i.kind == "fire" else None),),
    headline=True,
)
RESCUES_HANDLED: Final = Metric(
    id="rescues_handled",
    measure=of.INCIDENTS,
    title_vi="Vụ cứu nạn, cứu hộ tham gia giải quyết",
    title_en="Rescues handled",
    explanation_vi="Số vụ cứu nạn, cứu hộ mà lực lượng đã hỗ trợ giải quyết; tính theo thời điểm giải quyết xong.",
    explanation_en="Rescues that the force helped to resolve, counted when resolved.",
    counts=(Counted(INCIDENT, at=lambda i: i.resolved_at if i.kind == "rescue" and i.force_helped else None),),
    headline=True,
)
ARRESTS_SUPPORTED: Final = Metric(
    id="arrests_supported",
    measure=of.INCIDENTS,
    title_vi="Vụ hỗ trợ bắt giữ",
    title_en="Arrests supported",
    explanation_vi="Số vụ mà lực lượng hỗ trợ công an bắt giữ đối tượng, tính theo thời điểm xảy ra.",
    explanation_en="Arrests that the force supported, counted when they occurred.",
    counts=(Counted(INCIDENT, at=lambda i: i.occurred_at if i.kind == "arrest_support" else None),),
)
METRICS: Final[tuple[Metric[Any], ...]] = (
    TEAMS_ACTIVE,
    MEMBERS_ACTIVE,
    RESIDENTIAL_GROUPS_COVERED,
    PATROLS_COMPLETED,
    PATROLS_COMPLETED_SECURITY,
    PATROLS_COMPLETED_TRAFFIC,
    PARTICIPANT_TURNS,
    PATROLS_UNDER_WAY,
    PATROLS_OVERDUE,
    PATROLS_EXPECTED,
    PATROL_LOGS_RECEIVED,
    OUTREACH_SESSIONS,
    OUTREACH_ATTENDANCES,
    VIOLATIONS_DETECTED,
    FIRE_INCIDENTS_HANDLED,
    RESCUES_HANDLED,
    ARRESTS_SUPPORTED,
)
RATIOS: Final = (
    Ratio(
        id="violations_per_1000_patrols",
        unit_vi="vụ/1.000 lượt",
        unit_en="per 1,000 patrols",
        title_vi="Vi phạm phát hiện trên 1.000 lượt tuần tra",
        title_en="Violations per 1,000 patrols",
        explanation_vi="Số vụ vi phạm được phát hiện chia cho số lượt tuần tra đã hoàn thành cùng kỳ, nhân 1.000.",
        explanation_en="Violations detected by patrols completed in the same interval, times 1,000.",
        numerator=VIOLATIONS_DETECTED,
        denominator=PATROLS_COMPLETED,
        factor=1000,
    ),
    Ratio(
        id="patrol_logs_received_rate",
        unit_vi="%",
        unit_en="%",
        title_vi="Tỷ lệ nhật ký tuần tra đã nhận",
        title_en="Share of patrol logs received",
        explanation_vi="Nhật ký tuần tra đã nhận trên số phải nộp trong cùng kỳ.",
        explanation_en="Patrol logs received by those expected, of patrols planned to end in the same interval.",
        numerator=PATROL_LOGS_RECEIVED,
        denominator=PATROLS_EXPECTED,
        factor=100,
        good=Good.UP,
    ),
)
