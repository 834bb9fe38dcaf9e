"""Who decrypted what: CloudTrail's log files and S3's own, asked with SQL; and whether they are whole."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any
from uuid import uuid4

from labs.athena import Answer, ask, named_queries
from labs.context import Context
from labs.evidence import Check, Evidence, Table, equal, holds
from labs.objects import body, listed
from labs.security.encryption import FOLDER, TEXT, empty, refusal

READS = 3
DELIVERY_SECONDS = 1800
"""A trail's log files come within minutes."""
LOGS_SECONDS = 6 * 3600
"""Digests come every hour; S3 delivers its logs on best effort, most within a few hours."""


def who_decrypted_what(context: Context) -> Evidence:
    """An object is read by who may use its key and by who may not; the trail tells both apart."""
    s3, bucket = context.client("s3"), context.output("lake", "LakeBucketName")
    name = f"{FOLDER}audit-{uuid4().hex[:8]}"
    s3.put_object(Bucket=bucket, Key=name, Body=TEXT)
    me = str(context.client("sts").get_caller_identity()["Arn"])
    reader, other = _reader(context)
    for _ in range(READS):
        body(s3, bucket, name)
    refused = refusal(lambda: reader.get_object(Bucket=bucket, Key=name))
    empty(s3, bucket, FOLDER)
    due = [[me, name, "decrypted", str(READS)], [other, name, "AccessDenied", "1"]]
    answer = context.until(
        lambda: _asked(context, "who-decrypted-what"),
        lambda found: sum(int(row[3] or 0) for row in _about(found, name)) > READS,
        every=60,
        at_most=DELIVERY_SECONDS,
        what=f"CloudTrail has not delivered the reads of {name}",
    )
    uses = _asked(context, "who-used-the-key").rows
    asked = sum(int(row[4] or 0) for row in uses if row[:2] == [me, "Decrypt"] and row[3] == "done")
    read = sum(int(row[3] or 0) for row in answer.rows if row[0] == me and row[2] == "decrypted")
    return Evidence(
        figures={"reads": READS + 1},
        table=Table(["who", "object", "outcome", "requests"], _about(answer, name)),
        series={"key": name, "who": [me, other]},
        checks=[
            equal("the role without the key is refused", refused, "AccessDenied"),
            equal("the trail tells every read, and how it ended", sorted(_about(answer, name)), sorted(due)),
            *_key_checks(uses, me, other, f"arn:aws:s3:::{bucket}"),
            holds(
                "the bucket key saves requests to KMS", asked < read, asked, f"less than {read}, the reads"
            ),
        ],
    )


def _key_checks(uses: list[list[str | None]], me: str, other: str, bucket: str) -> list[Check]:
    """KMS knows the bucket, not the object: with a bucket key that is all it is told."""
    mine = [row for row in uses if row[:3] == [me, "Decrypt", bucket]]
    refused = [row for row in uses if row[:4] == [other, "Decrypt", bucket, "AccessDenied"]]
    return [
        holds("KMS tells that the bucket's key was used by who read", bool(mine), mine, "at least once"),
        holds("KMS tells who was refused", bool(refused), refused, "at least once"),
    ]


def _reader(context: Context) -> tuple[Any, str]:
    """S3 as the role that may read the lab's objects but not use their key, and the role's session."""
    import boto3

    assumed = context.client("sts").assume_role(
        RoleArn=context.output("security", "ReaderRoleArn"), RoleSessionName="lab"
    )
    keys = assumed["Credentials"]
    client = boto3.client(
        "s3",
        region_name=context.region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    return client, str(assumed["AssumedRoleUser"]["Arn"])


def _asked(context: Context, name: str) -> Answer:
    """The answer to one of the workgroup's named queries."""
    workgroup = context.output("security", "AuditWorkGroupName")
    [query] = [one for one in named_queries(context, workgroup) if one.name == name]
    return ask(context, query.sql, query.database, workgroup)


def _about(answer: Answer, name: str) -> list[list[str | None]]:
    """The rows about one object."""
    return [row for row in answer.rows if row[1] == name]


def hold_log_files(context: Context) -> Evidence:
    """The hour's digest is signed and names log files by their hashes; S3's own log tells the same reads."""
    earlier = context.earlier("security", "audit")
    name, (me, other) = str(earlier.series["key"]), earlier.series["who"]
    s3, trail = context.client("s3"), trail_of(context)
    digest = context.until(
        lambda: newest_digest(context, trail),
        bool,
        every=600,
        at_most=LOGS_SECONDS,
        what="CloudTrail has not delivered a digest that names a log file",
    )
    answer = context.until(
        lambda: _asked(context, "what-s3-logged"),
        lambda found: sum(int(row[5] or 0) for row in _about(found, name)) > READS,
        every=600,
        at_most=LOGS_SECONDS,
        what=f"S3 has not delivered its log of the reads of {name}",
    )
    logged = [[row[0], row[2], row[3], row[5]] for row in _about(answer, name)]
    return Evidence(
        figures={
            "log files": len(digest["text"]["logFiles"]),
            "digest of the hour to": digest["text"]["digestEndTime"],
        },
        table=Table(["who", "status", "error", "requests"], [[_short(who), *row] for who, *row in logged]),
        checks=[
            equal("every log file is as the digest says", changed_files(s3, digest), []),
            equal("CloudTrail has signed the digest", _is_signed(context, digest, 0), True),
            equal("a digest with one bit changed is noticed", _is_signed(context, digest, 1), False),
            equal(
                "S3's own log tells the same reads",
                sorted(logged),
                sorted([[me, "200", "-", str(READS)], [other, "403", "AccessDenied", "1"]]),
            ),
        ],
    )


def _short(arn: str | None) -> str:
    """What an ARN names, without where."""
    return (arn or "").rpartition(":")[2]


def trail_of(context: Context) -> dict[str, str]:
    """The lab's trail, as CloudTrail describes it."""
    name = context.output("security", "TrailName")
    found: dict[str, str] = context.client("cloudtrail").describe_trails(trailNameList=[name])["trailList"][0]
    return found


def newest_digest(context: Context, trail: dict[str, str]) -> dict[str, Any] | None:
    """The newest digest that names log files, with its signature; None while there is none."""
    s3, bucket = context.client("s3"), trail["S3BucketName"]
    account = context.client("sts").get_caller_identity()["Account"]
    prefix = f"{trail['S3KeyPrefix']}/AWSLogs/{account}/CloudTrail-Digest/{context.region}/"
    for item in sorted(listed(s3, bucket, prefix), key=lambda one: str(one["Key"]), reverse=True):
        stored = s3.get_object(Bucket=bucket, Key=item["Key"])
        raw = gzip.decompress(stored["Body"].read())
        text = json.loads(raw)
        if text["logFiles"]:
            signature = stored["Metadata"]["signature"]
            return {"key": item["Key"], "raw": raw, "text": text, "signature": signature}
    return None


def changed_files(s3: Any, digest: dict[str, Any]) -> list[str]:
    """The log files that are not as the digest says."""
    return [one["s3Object"] for one in digest["text"]["logFiles"] if _hash(s3, one) != one["hashValue"]]


def _hash(s3: Any, file: dict[str, str]) -> str:
    return hashlib.sha256(gzip.decompress(body(s3, file["s3Bucket"], file["s3Object"]))).hexdigest()


def _is_signed(context: Context, digest: dict[str, Any], flip: int) -> bool:
    """Whether CloudTrail's public key fits the digest's signature; `flip` spoils the text's first byte."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    text = digest["text"]
    raw = bytes([digest["raw"][0] ^ flip]) + digest["raw"][1:]
    keys = context.client("cloudtrail").list_public_keys()["PublicKeyList"]
    [value] = [one["Value"] for one in keys if one["Fingerprint"] == text["digestPublicKeyFingerprint"]]
    signed = "\n".join(
        [
            text["digestEndTime"],
            f"{text['digestS3Bucket']}/{text['digestS3Object']}",
            hashlib.sha256(raw).hexdigest(),
            text["previousDigestSignature"] or "null",
        ]
    )
    key = load_der_public_key(value)
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(bytes.fromhex(digest["signature"]), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
