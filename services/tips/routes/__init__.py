"""The paths of this service, one module per kind of thing; they turn requests into calls and decide nothing."""

from services.tips.routes import (
    advisory_documents,
    case_work,
    dialogue,
    imports,
    receipt_page,
    report_page,
    reporters,
    tips,
    worklist,
)

ROUTERS = (
    report_page.router,
    receipt_page.router,
    reporters.router,
    dialogue.router,
    worklist.router,
    tips.router,
    case_work.router,
    advisory_documents.router,
    imports.router,
)
