"""A request that S3 has answered, as those who keep records of it name it: CloudTrail and access logs.

Source: AWS CloudTrail User Guide, "Amazon S3 CloudTrail events"; Amazon S3 User Guide, "Amazon S3 server
access log format".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from offline.iam.callers import Caller

BUCKET_PARTS = {
    "accelerate": ("AccelerateConfiguration", "ACCELERATE"),
    "acl": ("BucketAcl", "ACL"),
    "analytics": ("AnalyticsConfiguration", "ANALYTICS"),
    "cors": ("BucketCors", "CORS"),
    "encryption": ("BucketEncryption", "ENCRYPTION"),
    "intelligent-tiering": ("IntelligentTieringConfiguration", "INTELLIGENT_TIERING"),
    "inventory": ("InventoryConfiguration", "INVENTORY"),
    "lifecycle": ("BucketLifecycle", "LIFECYCLE"),
    "location": ("BucketLocation", "LOCATION"),
    "logging": ("BucketLogging", "LOGGING_STATUS"),
    "metrics": ("MetricsConfiguration", "METRICS"),
    "notification": ("BucketNotification", "NOTIFICATION"),
    "object-lock": ("BucketObjectLockConfiguration", "OBJECT_LOCK_CONFIGURATION"),
    "ownershipControls": ("BucketOwnershipControls", "OWNERSHIP_CONTROLS"),
    "policy": ("BucketPolicy", "BUCKETPOLICY"),
    "policyStatus": ("BucketPolicyStatus", "POLICY_STATUS"),
    "publicAccessBlock": ("BucketPublicAccessBlock", "PUBLIC_ACCESS_BLOCK"),
    "replication": ("BucketReplication", "REPLICATION"),
    "requestPayment": ("BucketRequestPayment", "REQUEST_PAYMENT"),
    "tagging": ("BucketTagging", "TAGGING"),
    "versioning": ("BucketVersioning", "VERSIONING"),
    "website": ("BucketWebsite", "WEBSITE"),
}
"""Query parameter of a bucket's configuration → what CloudTrail and access logs call it, behind a verb."""
OBJECT_PARTS = {
    "acl": ("ObjectAcl", "ACL"),
    "attributes": ("ObjectAttributes", "OBJECT_ATTRIBUTES"),
    "legal-hold": ("ObjectLegalHold", "OBJECT_LEGAL_HOLD"),
    "retention": ("ObjectRetention", "OBJECT_RETENTION"),
    "tagging": ("ObjectTagging", "OBJECT_TAGGING"),
}
LISTINGS = {
    "uploads": ("ListMultipartUploads", "UPLOADS"),
    "versions": ("ListObjectVersions", "BUCKETVERSIONS"),
}
PREFLIGHT = "OptionsObject", "REST.OPTIONS.PREFLIGHT"
"""A browser's question before a request of another origin; CloudTrail has no event of it."""
ERROR = re.compile(rb"<Code>([^<]+)</Code>.*?<Message>([^<]*)</Message>", re.DOTALL)


@dataclass(frozen=True)
class Served:
    """One request with its answer; sizes in bytes, times in seconds."""

    at: datetime
    caller: Caller
    method: str
    target: str
    """Path and query, as they were sent."""
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    region: str
    status: int
    answer: Mapping[str, str]
    """Headers of the answer."""
    error: str
    message: str
    received: int
    sent: int
    seconds: float
    id: str
    object_size: int | None = None
    deleted: list[str] = field(default_factory=list)
    """Keys that a DeleteObjects names."""

    @property
    def names(self) -> tuple[str, str]:
        """The operation to CloudTrail, and to an access log."""
        copied = "x-amz-copy-source" in self.headers
        return of_object(self.method, self.query, copied) if self.key else of_bucket(self.method, self.query)

    @property
    def signature(self) -> tuple[str, str]:
        """Its version, and where it stands; both empty of a request that nobody signed."""
        written = self.headers.get("authorization", "")
        if "X-Amz-Signature" in self.query or "Signature" in self.query:
            return ("SigV4" if "X-Amz-Signature" in self.query else "SigV2"), "QueryString"
        return (("SigV4" if written.startswith("AWS4") else "SigV2"), "AuthHeader") if written else ("", "")

    @property
    def operation(self) -> str:
        return self.names[0] if self.bucket else "ListBuckets"


def of_bucket(method: str, query: Mapping[str, str]) -> tuple[str, str]:
    """
    >>> of_bucket("GET", {"list-type": "2"}), of_bucket("PUT", {"encryption": ""})
    (('ListObjects', 'REST.GET.BUCKET'), ('PutBucketEncryption', 'REST.PUT.ENCRYPTION'))
    """
    if method == "OPTIONS":
        return PREFLIGHT
    if method == "POST" and "delete" in query:
        return "DeleteObjects", "REST.POST.MULTI_OBJECT_DELETE"
    for parameter, (noun, word) in BUCKET_PARTS.items():
        if parameter in query:
            return f"{method.title()}{noun}", f"REST.{method}.{word}"
    for parameter, (name, word) in LISTINGS.items():
        if parameter in query:
            return name, f"REST.{method}.{word}"
    plain = {"PUT": "CreateBucket", "DELETE": "DeleteBucket", "HEAD": "HeadBucket", "POST": "PostObject"}
    return plain.get(method, "ListObjects"), f"REST.{method}.BUCKET"


def of_object(method: str, query: Mapping[str, str], copied: bool) -> tuple[str, str]:
    """
    >>> of_object("PUT", {"partNumber": "1", "uploadId": "a"}, False), of_object("HEAD", {}, False)
    (('UploadPart', 'REST.PUT.PART'), ('HeadObject', 'REST.HEAD.OBJECT'))
    """
    if method == "OPTIONS":
        return PREFLIGHT
    for parameter, (noun, word) in OBJECT_PARTS.items():
        if parameter in query:
            return f"{method.title()}{noun}", f"REST.{method}.{word}"
    if "uploads" in query:
        return "CreateMultipartUpload", "REST.POST.UPLOADS"
    if "partNumber" in query and method == "PUT":
        return ("UploadPartCopy", "REST.COPY.PART") if copied else ("UploadPart", "REST.PUT.PART")
    if "uploadId" in query:
        names = {"GET": "ListParts", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}
        return names.get(method, "UploadPart"), f"REST.{method}.UPLOAD"
    if "restore" in query:
        return "RestoreObject", "REST.POST.RESTORE"
    if copied:
        return "CopyObject", "REST.COPY.OBJECT"
    return f"{method.title()}Object", f"REST.{method}.OBJECT"


def error_of(status: int, body: Any) -> tuple[str, str]:
    """Code and message of an answer that is an error; a HEAD's has neither, and its code is the status's."""
    if status < 400:
        return "", ""
    found = ERROR.search(body if isinstance(body, bytes) else str(body or "").encode())
    if found is None:
        return {403: "AccessDenied", 404: "NoSuchKey", 412: "PreconditionFailed"}.get(status, ""), ""
    return found[1].decode(), found[2].decode()
