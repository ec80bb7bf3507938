"""Rules of tips and advisory documents; must not do I/O, read a clock or make an id of an aggregate."""

from services.tips.domain.advisory_document import AdvisoryDocument, AdvisoryDocumentStatus
from services.tips.domain.tip import Report, Tip, TipFix, TipStatus

__all__ = ["AdvisoryDocument", "AdvisoryDocumentStatus", "Report", "Tip", "TipFix", "TipStatus"]
