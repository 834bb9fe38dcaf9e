"""Checkpoints: what lies under CheckpointConfig.S3Uri is there when training starts, and kept when it ends.

AWS copies checkpoints to S3 while training goes on, so that an interrupted spot instance loses
little; offline nothing is interrupted, and they are copied once, at the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from offline.engines.sagemaker import network
from offline.engines.sagemaker.channels import bucket_and_key, objects, save


def restore(request: dict[str, Any], base: Path, region: str) -> None:
    """checkpoints/ holds what an earlier job left."""
    if uri := request.get("CheckpointConfig", {}).get("S3Uri"):
        s3 = network.s3(request, region)
        for key, name in objects(s3, f"{uri.rstrip('/')}/"):
            save(s3, bucket_and_key(uri)[0], key, base / "checkpoints" / name, unpack=False)


def keep(request: dict[str, Any], base: Path, region: str) -> None:
    """What the program left in checkpoints/ lies in S3."""
    if uri := request.get("CheckpointConfig", {}).get("S3Uri"):
        s3 = network.s3(request, region)
        bucket, prefix = bucket_and_key(uri)
        for path in sorted(p for p in (base / "checkpoints").rglob("*") if p.is_file()):
            name = path.relative_to(base / "checkpoints").as_posix()
            s3.put_object(
                Bucket=bucket, Key=f"{prefix.rstrip('/')}/{name}".lstrip("/"), Body=path.read_bytes()
            )
