"""The units of measure: what each counted thing is called."""

from typing import Final

from services.stats.catalogue.metric import Measure

SECURITY_INFORMATION: Final = Measure("tin", "pieces of information")
CRIME_REPORTS: Final = Measure("tin báo", "reports")
DOCUMENTS: Final = Measure("văn bản", "documents")
RESIDENTIAL_GROUPS: Final = Measure("tổ dân phố, thôn", "residential groups")
TEAMS: Final = Measure("tổ", "teams")
MEMBERS: Final = Measure("thành viên", "members")
PATROLS: Final = Measure("lượt tuần tra", "patrols")
PARTICIPANT_TURNS: Final = Measure("lượt người", "participant turns")
SESSIONS: Final = Measure("buổi", "sessions")
ATTENDANCES: Final = Measure("lượt người dự", "attendances")
INCIDENTS: Final = Measure("vụ", "incidents")
AWARDS: Final = Measure("lượt khen thưởng", "awards")
GIFTS: Final = Measure("suất quà", "gifts")
EXEMPLARS: Final = Measure("gương điển hình", "exemplars")
MODELS: Final = Measure("mô hình", "models")
THEMES: Final = Measure("chuyên đề", "themes")
CAMPAIGNS: Final = Measure("phong trào", "campaigns")
