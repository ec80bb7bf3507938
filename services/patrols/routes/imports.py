"""The path of bulk import; decides nothing."""

from services.patrols.deps import imports_of, who_may
from services.patrols.imports import PatrolsIntake
from shared.imports import import_router

router = import_router(PatrolsIntake.records, caller=who_may("import"), imports_of=imports_of)
