"""Paths of advisory documents; must not decide anything."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from services.tips import handlers
from services.tips.commands import IssueAdvisoryDocument, WithdrawAdvisoryDocument
from services.tips.deps import Alteration, Creation, Kept, Reader
from services.tips.schemas import AdvisoryDocumentView
from shared.views import Cursor, UnitQuery, show, show_page
from shared.web import Limit, Page
from shared.work import changed, created

router = APIRouter(prefix="/v1/advisory-documents", tags=["advisory documents"])


@router.post("", status_code=201, response_model=AdvisoryDocumentView)
async def issue_advisory_document(command: IssueAdvisoryDocument, work: Creation, kept: Kept) -> Response:
    """Record that an authority was advised in writing."""
    return await work.answer(
        lambda: handlers.issue_advisory_document(command, documents=kept.advisory_documents, tips=kept.tips, work=work),
        created(AdvisoryDocumentView, router.prefix),
    )


@router.get("")
async def list_advisory_documents(
    unit: UnitQuery, caller: Reader, kept: Kept, cursor: Cursor = None, limit: Limit = 100
) -> Page[AdvisoryDocumentView]:
    """The advisory documents of one unit, the latest first."""
    return await show_page(AdvisoryDocumentView, kept.advisory_documents, caller, unit=unit, cursor=cursor, limit=limit)


@router.get("/{document_id}")
async def show_advisory_document(document_id: str, caller: Reader, kept: Kept) -> AdvisoryDocumentView:
    """One advisory document."""
    return await show(AdvisoryDocumentView, kept.advisory_documents, document_id, caller)


@router.post("/{document_id}/withdrawal", response_model=AdvisoryDocumentView)
async def withdraw_advisory_document(
    document_id: str,
    work: Alteration,
    kept: Kept,
    command: Annotated[WithdrawAdvisoryDocument, Body(default_factory=WithdrawAdvisoryDocument)],
) -> Response:
    """Take an advisory document back."""
    return await work.answer(
        lambda: handlers.withdraw_advisory_document(
            document_id, command.withdrawn_at, documents=kept.advisory_documents, work=work
        ),
        changed(AdvisoryDocumentView),
    )
