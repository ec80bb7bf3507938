"""The path by which officers find a tip by what it tells; must not decide anything."""

from fastapi import APIRouter

from services.tips.desk import searching
from services.tips.desk.deps import Desk, Reading
from services.tips.desk.requests import SearchTips
from services.tips.desk.schemas import SearchView

router = APIRouter(prefix="/v1/search", tags=["sealed tips"])


@router.post("")
async def search_tips(command: SearchTips, work: Reading, desk: Desk) -> SearchView:
    """Find tips of a unit by words in their texts, dialogues and notes, in the body so that no log has them.

    The 100 latest tips are opened for this, and `next` leads on to earlier ones; nothing is indexed. That somebody
    searched, and the tips that were found, stand in the audit log; the words do not.
    """
    return SearchView.model_validate(await searching.search_tips(command, desk=desk, work=work), from_attributes=True)
