"""Kafka behind one door: topics, producers, readers, the codec and dead letters; knows no figure and no aggregate.

Importing it keeps every client of the process from creating topics by asking for them.
"""

from aiokafka.protocol.metadata import MetadataRequest

# A client that asks for an unknown topic lets the broker create it, with the broker's default number of partitions:
# after a lost broker the first to ask would decide, and the registry's number would be refused ever after.
# aiokafka has no setting for it.
MetadataRequest.__init__.__defaults__ = (None, False)
