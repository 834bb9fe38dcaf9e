"""AWS IAM: the policy simulator, which moto leaves out."""

from offline.engines.iam.engine import IamEngine

__all__ = ["IamEngine"]
