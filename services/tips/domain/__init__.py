"""Rules of tips and advisory documents; must not do I/O, read a clock or make an id of an aggregate."""

from services.tips.domain.advisory_document import AdvisoryDocument, AdvisoryDocumentStatus
from services.tips.domain.reported import Authority, Report, TipFix
from services.tips.domain.states import TipStatus
from services.tips.domain.tip import Tip

__all__ = ["AdvisoryDocument", "AdvisoryDocumentStatus", "Authority", "Report", "Tip", "TipFix", "TipStatus"]
