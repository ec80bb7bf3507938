"""The path of bulk import; decides nothing."""

from services.awards.deps import imports_of, who_may
from services.awards.imports import AwardsIntake
from shared.imports import import_router

router = import_router(AwardsIntake.records, caller=who_may("import"), imports_of=imports_of)
