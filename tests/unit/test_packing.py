"""Batches are compressed the quick way, which leans on a private name of aiokafka."""

from aiokafka.codec import gzip_decode, gzip_encode
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from shared.messaging.packing import GZIP_LEVEL, compress_quickly

RECORDS_AT = 61  # behind the header of a batch


def test_a_batch_is_compressed_at_our_level_and_not_at_that_of_the_client() -> None:
    compress_quickly()
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=DefaultRecordBatch.CODEC_GZIP, is_transactional=0, producer_id=-1,
        producer_epoch=-1, base_sequence=-1, batch_size=65_536,
    )  # fmt: skip
    for number in range(500):
        value = b'{"unit":"%05d","fence":%d}' % (number * 17, number * number)
        builder.append(number, timestamp=0, key=b"%d" % number, value=value, headers=[])

    packed = bytes(builder.build())[RECORDS_AT:]

    plain = gzip_decode(packed)
    assert len(packed) == len(gzip_encode(plain, GZIP_LEVEL)) > len(gzip_encode(plain))
    assert packed[4:8] == bytes(4) != gzip_encode(plain)[4:8]  # the second of packing
