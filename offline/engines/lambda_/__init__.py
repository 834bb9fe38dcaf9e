"""Play AWS Lambda: the deployed handler runs in a warm process of its own.

The package: `environment` is one such process, `runtimes` what is started in it, `function` a function's
code and settings on disk, `layers` the archives that functions share, `logs` what CloudWatch Logs gets,
`json_logs` that in JSON, `engine` the operations, `responses` their wire form. Event sources: `mapping` is
what is kept of one, `sources` the operations on them, `shards` and `queue` poll streams and queues,
`permissions` what the function's role must be allowed, `discarded` what a destination is told.
"""

from offline.engines.lambda_.engine import LambdaEngine

__all__ = ["LambdaEngine"]
