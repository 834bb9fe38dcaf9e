"""Play Amazon Data Firehose: read or accept records, transform, partition, convert, deliver to S3.

The package, in the order in which a record passes: `settings` what the stream was told, `source` the
Kinesis stream, `transform` the Lambda function, `prefix` where it belongs, `buffers` until enough is
there, `hive` and `conversion` its columnar form, `compression` its packing, `delivery` the object in
S3, `stream` the way of one delivery stream, `engine` the operations.
"""

from offline.engines.firehose.engine import FirehoseEngine

__all__ = ["FirehoseEngine"]
