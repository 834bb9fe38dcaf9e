"""The data planes, one module per service, named as boto3 names its client."""

ENGINES: tuple[str, ...] = (
    "offline.engines.cloudformation:CloudFormationEngine",
    "offline.engines.s3:S3Engine",
)
"""Engines that a sandbox puts in place of moto's backends, as `module:class`."""
