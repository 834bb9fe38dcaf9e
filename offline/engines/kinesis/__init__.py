"""Play Amazon Kinesis Data Streams: shards with their real limits, filled and read in linear time.

The package: `window` is a rate of a shard, `log` a shard's records, `stream` the shards of a stream,
`requests` the wire form of PutRecords and GetRecords, `engine` the operations.
"""

from offline.engines.kinesis.engine import KinesisEngine

__all__ = ["KinesisEngine"]
