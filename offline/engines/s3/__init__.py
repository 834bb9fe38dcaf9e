"""Amazon S3: what moto's object store leaves out."""

from offline.engines.s3.engine import S3Engine, default_encryption

__all__ = ["S3Engine", "default_encryption"]
