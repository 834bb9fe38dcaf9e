"""Play AWS Lambda: the deployed handler runs in a warm Python process of its own.

The package: `environment` is one such process, `function` a function's code and settings on disk,
`logs` what CloudWatch Logs gets, `engine` the operations, `responses` their wire form.
"""

from offline.engines.lambda_.engine import LambdaEngine

__all__ = ["LambdaEngine"]
