"""How batches are compressed before they are sent; leans on a private name of aiokafka, pinned by a test."""

import gzip
import sys
from functools import partial
from typing import Final

from aiokafka.record.default_records import DefaultRecordBatchBuilder

# Of a flush, level 3 makes a fifth more bytes than aiokafka's own level 9, in a ninth of the time.
GZIP_LEVEL: Final = 3


def compress_quickly() -> None:
    """From now on every producer of this process compresses at GZIP_LEVEL: aiokafka has no setting for it.

    Without the time of packing, which gzip writes to the second: batches are kept, and those of anonymous tips as well.
    """
    vars(sys.modules[DefaultRecordBatchBuilder.__module__])["gzip_encode"] = partial(
        gzip.compress, compresslevel=GZIP_LEVEL, mtime=0
    )
