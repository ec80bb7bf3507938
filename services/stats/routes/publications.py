"""Paths of publications; must not decide anything."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.stats.deps import ClockDep, PublicationsDep, Publish, QueriesDep, Reader, ServedDep
from services.stats.publications import reading
from services.stats.publications.commands import IssuePublication
from services.stats.publications.handlers import issue_publication
from services.stats.publications.repository import ANY_READER
from services.stats.publications.schemas import PublicationView, RestatementView, WholePublication
from services.stats.routes.answer import TAGGED, answer
from shared.views import Cursor, UnitQuery, show_page
from shared.web import Limit, Page
from shared.work import created

router = APIRouter(prefix="/v1", tags=["publications"])


@router.post("/publications", status_code=201, response_model=PublicationView)
async def post_publication(
    command: IssuePublication, work: Publish, publications: PublicationsDep, served: ServedDep, queries: QueriesDep
) -> Response:
    """Freeze figures under a name as they are served at this moment; later corrections leave them as they are."""
    return await work.answer(
        lambda: issue_publication(command, publications=publications, served=served, queries=queries, work=work),
        created(PublicationView, "/v1/publications"),
    )


@router.get("/publications", response_model=Page[PublicationView], responses=TAGGED)
async def list_publications(
    request: Request,
    _: Reader,
    publications: PublicationsDep,
    unit: UnitQuery = "01",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The publications of one city, the latest first."""
    page = await show_page(PublicationView, publications.kept, ANY_READER, unit=unit, cursor=cursor, limit=limit)
    return answer(request, page)


@router.get("/publications/{publication_id}", response_model=WholePublication, responses=TAGGED)
async def get_publication(
    request: Request, publication_id: str, _: Reader, publications: PublicationsDep, served: ServedDep, clock: ClockDep
) -> Response:
    """What was published, what was restated of it since, and beside each figure the one of now."""
    return answer(request, await reading.whole(publication_id, publications, served, clock.now()))


@router.get("/publications/{publication_id}/restatements", response_model=Page[RestatementView], responses=TAGGED)
async def list_restatements(
    request: Request,
    publication_id: str,
    _: Reader,
    publications: PublicationsDep,
    served: ServedDep,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """What was restated of a publication, the latest first, with the events that caused it."""
    await publications.find(publication_id)
    return answer(request, await reading.restatements(publication_id, publications, served, cursor, limit))
