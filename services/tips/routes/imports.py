"""The path of bulk import; decides nothing."""

from services.tips.deps import imports_of, who_may
from services.tips.imports import RecordIntake
from shared.imports import import_router

router = import_router(RecordIntake.records, caller=who_may("import"), imports_of=imports_of)
