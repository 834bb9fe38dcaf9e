"""Who may do what in S3: the actions of an HTTP request, the condition keys it carries, its use of keys.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"; the S3 User
Guide on SSE-KMS, "How Amazon S3 authorizes a request" and "Block public access".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from moto.backends import get_backend
from moto.s3.models import FakeBucket, FakeKey
from moto.utilities.utils import get_partition

from facts import limits
from offline.audit import KeyUse
from offline.engines.s3 import presigned, public
from offline.iam.callers import Caller, current_caller
from offline.iam.document import Document, document
from offline.iam.evaluation import Decision
from offline.iam.gatekeeper import AccessDeniedError, decided, remember, use_key
from offline.iam.needs import Need, Place

CONFIGURATIONS = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
"""Query parameter of a bucket's configuration → what its actions are called, after Get, Put or Delete."""
DELETED_BY_NAME = ("policy", "website")
"""Configurations whose deletion is an action of its own; that of the others is a Put."""
LISTINGS = {
    "location": "GetBucketLocation",
    "uploads": "ListBucketMultipartUploads",
    "versions": "ListBucketVersions",
}
OF_OBJECTS = {
    "acl": "ObjectAcl",
    "tagging": "ObjectTagging",
    "retention": "ObjectRetention",
    "legal-hold": "ObjectLegalHold",
}
KEY_USES = {"GetObject": "Decrypt", "GetObjectVersion": "Decrypt", "PutObject": "GenerateDataKey"}


def bucket_action(method: str, query: Mapping[str, Any]) -> str:
    """The action of a request to a bucket.

    >>> bucket_action("GET", {"encryption": ""}), bucket_action("GET", {"list-type": "2"})
    ('GetEncryptionConfiguration', 'ListBucket')
    """
    for parameter, name in CONFIGURATIONS.items():
        if parameter in query:
            if method == "DELETE":
                return f"{'Delete' if parameter in DELETED_BY_NAME else 'Put'}{name}"
            return f"{method.title()}{name}"
    for parameter, name in LISTINGS.items():
        if parameter in query:
            return name
    return {"PUT": "CreateBucket", "DELETE": "DeleteBucket", "POST": "PutObject"}.get(method, "ListBucket")


def object_action(method: str, query: Mapping[str, Any]) -> str:
    """The action of a request to an object.

    >>> object_action("HEAD", {}), object_action("DELETE", {"versionId": "1"})
    ('GetObject', 'DeleteObjectVersion')
    """
    verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "DELETE": "Delete"}.get(method, "Put")
    version = "versionId" in query
    for parameter, name in OF_OBJECTS.items():
        if parameter in query:
            return f"{verb}{name.replace('Object', 'ObjectVersion') if version else name}"
    if "uploadId" in query and method in ("GET", "DELETE"):
        return "ListMultipartUploadParts" if method == "GET" else "AbortMultipartUpload"
    if "restore" in query:
        return "RestoreObject"
    if "select" in query:
        return "GetObject"
    return f"{verb}Object{'Version' if version and verb != 'Put' else ''}"


class Access:
    """One S3 request before the gate."""

    def __init__(
        self, api: Any, caller: Caller, bucket: FakeBucket | None, name: str | None, key: str | None
    ) -> None:
        self._api, self._caller, self._bucket, self._name, self._key = api, caller, bucket, name, key
        self._query = api.given
        region = bucket.region_name if bucket else api.region
        owner = bucket.account_id if bucket else api.current_account
        self._place = Place(owner, region, get_partition(region))

    def check(self) -> None:
        """Let the request pass, or raise the error that S3 answers with."""
        if self._name is None:
            self._let(Need("s3:ListAllMyBuckets"))
        elif self._bucket is None and self._api.method != "PUT":
            return  # moto answers that there is no such bucket.
        elif self._key is None:
            self._let(
                Need(f"s3:{bucket_action(self._api.method, self._query)}", self._arn(), self._of_listing())
            )
        else:
            self._check_object()

    def _check_object(self) -> None:
        action = object_action(self._api.method, self._query)
        found = self._object()
        if (
            found is None
            and action.startswith("GetObject")
            and self._decide(Need("s3:ListBucket", self._arn())).allowed
        ):
            return  # Who may list is told that the object is missing.
        context = {**self._of_request(), **self._of_object(found)}
        self._let(Need(f"s3:{action}", self._arn(self._key), context))
        headers = self._api.headers
        if action == "PutObject":
            if headers.get("x-amz-tagging"):
                self._let(Need("s3:PutObjectTagging", self._arn(self._key), context))
            if headers.get("x-amz-acl") and headers["x-amz-acl"] != "bucket-owner-full-control":
                self._let(Need("s3:PutObjectAcl", self._arn(self._key), context))
            if headers.get("x-amz-copy-source"):
                self._check_source(unquote(headers["x-amz-copy-source"]))
        self._check_key(action, found)

    def _check_source(self, source: str) -> None:
        path, _, version = source.lstrip("/").partition("?versionId=")
        name, _, key = path.partition("/")
        backend = self._api.backend
        try:
            bucket = backend.get_bucket(name)
        except Exception:  # noqa: BLE001 - moto then answers that the source does not exist
            return
        reading = Access(self._api, self._caller, bucket, name, key)
        reading._query = {"versionId": version} if version else {}
        action = "GetObjectVersion" if version else "GetObject"
        found = reading._object()
        reading._let(
            Need(f"s3:{action}", reading._arn(key), {**self._of_request(), **reading._of_object(found)})
        )
        reading._use_key("Decrypt", *_protection(found), key)

    # -- keys ---------------------------------------------------------------------------------------------

    def _check_key(self, action: str, found: FakeKey | None) -> None:
        """SSE-KMS uses the object's key in the caller's name; a part of an upload uses its upload's."""
        if self._bucket is None or action not in KEY_USES or self._api.method == "HEAD":
            return
        if upload := self._bucket.multiparts.get(self._query.get("uploadId", "")):
            self._use_key("Decrypt", upload.sse_encryption, upload.kms_key_id, False, self._key)
        elif action == "PutObject":
            self._use_key("GenerateDataKey", *self._wanted(), self._key)
        else:
            self._use_key("Decrypt", *_protection(found), self._key)

    def _wanted(self) -> tuple[str | None, str | None, bool]:
        """The encryption that an object will have: the request's, or the bucket's default."""
        from offline.engines.s3.engine import default_encryption

        headers = self._api.headers
        if headers.get("x-amz-server-side-encryption-customer-algorithm"):
            return None, None, False
        if asked := headers.get("x-amz-server-side-encryption"):
            bucket_key = headers.get("x-amz-server-side-encryption-bucket-key-enabled") == "true"
            return asked, headers.get("x-amz-server-side-encryption-aws-kms-key-id"), bucket_key
        default = default_encryption(self._bucket.encryption if self._bucket else None)
        return default["encryption"], default.get("kms_key_id"), default.get("bucket_key_enabled") == "true"

    def _use_key(
        self, action: str, encryption: str | None, key: str | None, bucket_key: bool, name: str | None
    ) -> None:
        if encryption not in ("aws:kms", "aws:kms:dsse"):
            return
        if self._api.method != "POST":  # A form carries its signature in its fields.
            presigned.check_version(self._api.headers, self._query)
        context = {"aws:s3:arn": self._arn(None if bucket_key else name)}
        minutes = float(limits.value("s3-bucket-key-minutes")) if bucket_key else 0
        use = KeyUse(self._caller, action, key or "alias/aws/s3", "s3", context, self._place, minutes)
        use_key(use)

    # -- deciding -----------------------------------------------------------------------------------------

    def _let(self, need: Need) -> None:
        decision = self._decide(need)
        if decision.allowed:
            remember(self._caller, need.action, decision)
        elif decision.explicit or not self._is_public(need.action):
            raise AccessDeniedError(decision.message(self._caller.principal.text, need.action, need.resource))

    def _decide(self, need: Need) -> Decision:
        return decide_on(self._bucket, self._caller, need, self._place)

    def _is_public(self, action: str) -> bool:
        """Whether an ACL lets anyone read; not where ACLs are off or ignored."""
        bucket = self._bucket
        if bucket is None or action not in ("s3:GetObject", "s3:ListBucket"):
            return False
        block = bucket.public_access_block
        if bucket.ownership_rule == public.OWNER_ALONE or (block and block.ignore_public_acls):
            return False
        held = self._object() if action == "s3:GetObject" else bucket
        return bool(held is not None and held.acl and held.acl.public_read)

    # -- what the request says ----------------------------------------------------------------------------

    def _arn(self, key: str | None = None) -> str:
        return f"arn:{self._place.partition}:s3:::{self._name}" + (f"/{key}" if key else "")

    def _object(self) -> FakeKey | None:
        if self._bucket is None or self._key is None:
            return None
        versions = self._bucket.keys.getlist(self._key, [])
        wanted = self._query.get("versionId")
        chosen = [one for one in versions if str(one.version_id) == wanted] if wanted else versions[-1:]
        return next((one for one in chosen if isinstance(one, FakeKey)), None)

    def _of_request(self) -> dict[str, str | list[str]]:
        """Condition keys from headers and query."""
        headers, query = self._api.headers, self._query
        found: dict[str, str | list[str]] = {
            "s3:tlsversion": "1.3",
            "s3:resourceaccount": self._place.account,
        }
        found |= {
            f"s3:{name.lower()}": value
            for name, value in headers.items()
            if name.lower().startswith("x-amz-")
        }
        if "versionId" in query:
            found["s3:versionid"] = query["versionId"]
        tags = parse_qsl(headers.get("x-amz-tagging") or "", keep_blank_values=True)
        found |= {f"s3:requestobjecttag/{key.lower()}": value for key, value in tags}
        return found | ({"s3:requestobjecttagkeys": [key for key, _ in tags]} if tags else {})

    def _of_listing(self) -> dict[str, str | list[str]]:
        keys = ("prefix", "delimiter", "max-keys")
        return self._of_request() | {f"s3:{key}": self._query[key] for key in keys if key in self._query}

    def _of_object(self, found: FakeKey | None) -> dict[str, str | list[str]]:
        if found is None:
            return {}
        tags = self._api.backend.tagger.get_tag_dict_for_resource(found.arn)
        return {f"s3:existingobjecttag/{key.lower()}": value for key, value in tags.items()}


def decide_on(bucket: FakeBucket | None, caller: Caller, need: Need, place: Place) -> Decision:
    """The decision on one need, by the bucket's policy and the VPC endpoint's among the others."""
    policy = bucket.policy if bucket else None
    outside = caller.principal.kind == "anonymous" or caller.principal.account not in ("", place.account)
    if bucket and outside and public.is_restricted(bucket):
        policy = None
    resource = document(policy, f"policy of {bucket.name}") if bucket and policy else None
    endpoint = endpoint_policy(caller.endpoint, place)
    return decided(caller, need, place, resource, place.account, endpoint)


def may_delete(bucket: FakeBucket, action: str, arn: str) -> bool:
    """Whether whoever makes the request may delete one of many objects."""
    caller = current_caller()
    if caller is None:
        return True
    place = Place(bucket.account_id, bucket.region_name, bucket.partition)
    decision = decide_on(bucket, caller, Need(action, arn), place)
    if decision.allowed:
        remember(caller, action, decision)
    return decision.allowed


def _protection(found: FakeKey | None) -> tuple[str | None, str | None, bool]:
    if found is None:
        return None, None, False
    return found.encryption, found.kms_key_id, str(found.bucket_key_enabled).lower() == "true"


def endpoint_policy(id: str, place: Place) -> Document | None:
    """The policy of the VPC endpoint that a request passes."""
    if not id:
        return None
    network: Any = get_backend("ec2")[place.account][place.region]
    endpoint = network.vpc_end_points[id]
    return document(endpoint.policy_document, f"policy of {id}")
