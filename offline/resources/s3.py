"""Rows of Amazon S3."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from offline.errors import DeploymentError
from offline.resources.change import told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = ("NoSuchBucket", "404")
CANNED = {
    "Private": "private",
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
    "AuthenticatedRead": "authenticated-read",
    "LogDeliveryWrite": "log-delivery-write",
}
"""Canned ACLs as CloudFormation and the API name them."""


def create_bucket(resource: Resource) -> Physical:
    s3, properties = resource.client("s3"), resource.properties
    bucket = properties.take("BucketName") or resource.name(longest=63, lower=True)
    place = {} if resource.region == "us-east-1" else {"LocationConstraint": resource.region}
    s3.create_bucket(
        Bucket=bucket,
        **({"CreateBucketConfiguration": place} if place else {}),
        **_ownership(resource),
        **_canned(resource),
    )
    resource.begin(Physical(bucket))
    for put, argument, value in _configurations(resource, bucket):
        getattr(s3, put)(Bucket=bucket, **{argument: value})
    return _existing(resource, bucket)


def _existing(resource: Resource, bucket: str) -> Physical:
    domain = f"{bucket}.s3.{'amazonaws.com.cn' if resource.partition == 'aws-cn' else 'amazonaws.com'}"
    regional = domain.replace(".s3.", f".s3.{resource.region}.")
    attributes = {
        "Arn": resource.arn("s3", bucket, regional=False, account=False),
        "DomainName": domain,
        "DualStackDomainName": domain.replace(".s3.", f".s3.dualstack.{resource.region}."),
        "WebsiteURL": f"http://{domain.replace('.s3.', f'.s3-website-{resource.region}.')}",
        "RegionalDomainName": regional,
    }
    return Physical(bucket, attributes)


def _ownership(resource: Resource) -> dict[str, str]:
    controls = resource.properties.take("OwnershipControls")
    return {"ObjectOwnership": controls["Rules"][0]["ObjectOwnership"]} if controls else {}


def _canned(resource: Resource) -> dict[str, str]:
    """A bucket is private where nobody says so; ACLs need an ownership that allows them."""
    name = resource.properties.take("AccessControl")
    return {"ACL": CANNED[name]} if name and name != "Private" else {}


def update_bucket(resource: Resource, bucket: Physical, old: Properties) -> Physical:
    s3 = resource.client("s3")
    for put, argument, value in _configurations(resource, bucket.id):
        getattr(s3, put)(Bucket=bucket.id, **{argument: value})
    if controls := resource.properties.take("OwnershipControls"):
        s3.put_bucket_ownership_controls(Bucket=bucket.id, OwnershipControls=controls)
    _set_acl(resource, bucket, old)
    for name, drop, arguments in REMOVALS:
        if name in old and name not in resource.properties:
            getattr(s3, drop)(Bucket=bucket.id, **arguments)
    if not resource.tags() and "Tags" in old:
        s3.delete_bucket_tagging(Bucket=bucket.id)
    return _existing(resource, bucket.id)


def _set_acl(resource: Resource, bucket: Physical, old: Properties) -> None:
    """A canned ACL that is taken away leaves the bucket private."""
    now, before = (given.take("AccessControl") or "Private" for given in (resource.properties, old))
    if now != before:
        resource.client("s3").put_bucket_acl(Bucket=bucket.id, ACL=CANNED[now])


def read_bucket(resource: Resource, bucket: Physical) -> dict[str, Any] | None:
    s3 = resource.client("s3")
    try:
        s3.head_bucket(Bucket=bucket.id)
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        return None
    told: dict[str, Any] = {"BucketName": bucket.id}
    for name, get, answer in READINGS:
        try:
            told[name] = answer(getattr(s3, get)(Bucket=bucket.id))
        except ClientError as error:
            # Each configuration has a code of its own for not being there.
            if not error.response["Error"]["Code"].startswith(("NoSuch", "ServerSideEncryption")):
                raise
            told[name] = {}
    told["Tags"] = told_tags(resource, told["Tags"])
    return told


def _told_encryption(answer: dict[str, Any]) -> dict[str, Any]:
    rules = []
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        found = {k: v for k, v in rule.items() if k != "ApplyServerSideEncryptionByDefault"}
        found["ServerSideEncryptionByDefault"] = rule["ApplyServerSideEncryptionByDefault"]
        rules.append(found)
    return {"ServerSideEncryptionConfiguration": rules}


def _told_versioning(answer: dict[str, Any]) -> dict[str, str]:
    return {"Status": answer.get("Status", "Suspended")}


def _told_block(answer: dict[str, Any]) -> Any:
    return answer["PublicAccessBlockConfiguration"]


def _told_tag_set(answer: dict[str, Any]) -> Any:
    return answer["TagSet"]


REMOVALS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "VersioningConfiguration",
        "put_bucket_versioning",
        {"VersioningConfiguration": {"Status": "Suspended"}},
    ),
    ("OwnershipControls", "delete_bucket_ownership_controls", {}),
    ("PublicAccessBlockConfiguration", "delete_public_access_block", {}),
    ("BucketEncryption", "delete_bucket_encryption", {}),
    ("LifecycleConfiguration", "delete_bucket_lifecycle", {}),
    ("CorsConfiguration", "delete_bucket_cors", {}),
    ("LoggingConfiguration", "put_bucket_logging", {"BucketLoggingStatus": {}}),
    (
        "NotificationConfiguration",
        "put_bucket_notification_configuration",
        {"NotificationConfiguration": {}},
    ),
)
"""Property, and the operation that puts AWS's default in its place."""


def _configurations(resource: Resource, bucket: str) -> list[tuple[str, str, Any]]:
    """The calls that bring the bucket's properties about: operation, argument, value."""
    properties = resource.properties
    calls: list[tuple[str, str, Any]] = []
    tags = resource.tag_list()
    if tags:
        calls.append(("put_bucket_tagging", "Tagging", {"TagSet": tags}))
    for name, put, argument, convert in CONFIGURATIONS:
        if name in properties:
            calls.append((put, argument, convert(properties.take(name), bucket)))
    return calls


def _same(value: Any, bucket: str) -> Any:
    return value


def _encryption(value: dict[str, Any], bucket: str) -> dict[str, Any]:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        converted = {k: v for k, v in rule.items() if k != "ServerSideEncryptionByDefault"}
        if "ServerSideEncryptionByDefault" in rule:
            converted["ApplyServerSideEncryptionByDefault"] = rule["ServerSideEncryptionByDefault"]
        rules.append(converted)
    return {"Rules": rules}


def _logging(value: dict[str, Any], bucket: str) -> dict[str, Any]:
    """A bucket that names no other one for its logs keeps them itself."""
    target = {
        "TargetBucket": value.get("DestinationBucketName", bucket),
        "TargetPrefix": value.get("LogFilePrefix", ""),
    }
    if "TargetObjectKeyFormat" in value:
        target["TargetObjectKeyFormat"] = value["TargetObjectKeyFormat"]
    return {"LoggingEnabled": target}


def _told_logging(answer: dict[str, Any]) -> dict[str, Any]:
    target = answer.get("LoggingEnabled")
    if target is None:
        return {}
    return {"DestinationBucketName": target["TargetBucket"], "LogFilePrefix": target["TargetPrefix"]}


DESTINATIONS = {
    "Lambda": ("LambdaFunction", "Function"),
    "Queue": ("Queue", "Queue"),
    "Topic": ("Topic", "Topic"),
}
"""Kind of notification in CloudFormation → in the API, and how CloudFormation names its destination."""


def _notification(value: dict[str, Any], bucket: str) -> dict[str, Any]:
    converted: dict[str, Any] = {}
    for kind, (api, destination) in DESTINATIONS.items():
        if found := value.get(f"{kind}Configurations"):
            converted[f"{api}Configurations"] = [
                {f"{api}Arn": one[destination], "Events": [one["Event"]], **_key_filter(one)} for one in found
            ]
    if value.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled"):
        converted["EventBridgeConfiguration"] = {}
    return converted


def _key_filter(one: dict[str, Any]) -> dict[str, Any]:
    return {"Filter": {"Key": {"FilterRules": one["Filter"]["S3Key"]["Rules"]}}} if "Filter" in one else {}


def _told_notification(answer: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for kind, (api, destination) in DESTINATIONS.items():
        for one in answer.get(f"{api}Configurations", []):
            rules = one.get("Filter", {}).get("Key", {}).get("FilterRules", [])
            key_filter = {"Filter": {"S3Key": {"Rules": rules}}} if rules else {}
            told.setdefault(f"{kind}Configurations", []).extend(
                {"Event": event, destination: one[f"{api}Arn"], **key_filter} for event in one["Events"]
            )
    if "EventBridgeConfiguration" in answer:
        told["EventBridgeConfiguration"] = {"EventBridgeEnabled": True}
    return told


CORS = {
    "AllowedHeaders": "AllowedHeaders",
    "AllowedMethods": "AllowedMethods",
    "AllowedOrigins": "AllowedOrigins",
    "ExposedHeaders": "ExposeHeaders",
    "Id": "ID",
    "MaxAge": "MaxAgeSeconds",
}
"""What a rule of CORS has, as CloudFormation and the API name it."""


def _cors(value: dict[str, Any], bucket: str) -> dict[str, Any]:
    rules = [{CORS[name]: found for name, found in rule.items()} for rule in value["CorsRules"]]
    return {"CORSRules": [{**rule, **_seconds(rule)} for rule in rules]}


def _seconds(rule: dict[str, Any]) -> dict[str, int]:
    """Templates may write numbers as text."""
    return {"MaxAgeSeconds": int(rule["MaxAgeSeconds"])} if "MaxAgeSeconds" in rule else {}


def _told_cors(answer: dict[str, Any]) -> dict[str, Any]:
    names = {api: name for name, api in CORS.items()}
    return {"CorsRules": [{names[api]: found for api, found in rule.items()} for rule in answer["CORSRules"]]}


def _lifecycle(value: dict[str, Any], bucket: str) -> dict[str, Any]:
    return {"Rules": [_rule(rule) for rule in value["Rules"]]}


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A lifecycle rule of CloudFormation in the shape of PutBucketLifecycleConfiguration."""
    known = {
        "Id",
        "Status",
        "Prefix",
        "TagFilters",
        "ObjectSizeGreaterThan",
        "ObjectSizeLessThan",
        "Transitions",
        "Transition",
        "ExpirationInDays",
        "ExpirationDate",
        "ExpiredObjectDeleteMarker",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionTransitions",
        "AbortIncompleteMultipartUpload",
    }
    if set(rule) - known:
        raise DeploymentError(
            f"lifecycle rule properties {sorted(set(rule) - known)} are not known to this row"
        )
    converted: dict[str, Any] = {"Status": rule["Status"], "Filter": _filter(rule)}
    if "Id" in rule:
        converted["ID"] = rule["Id"]
    moves = rule.get("Transitions", []) + ([rule["Transition"]] if "Transition" in rule else [])
    if moves:
        converted["Transitions"] = [_transition(move) for move in moves]
    expiration = {
        api: rule[cfn]
        for cfn, api in (
            ("ExpirationInDays", "Days"),
            ("ExpirationDate", "Date"),
            ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
        )
        if cfn in rule
    }
    if expiration:
        converted["Expiration"] = expiration
    for name in (
        "NoncurrentVersionExpiration",
        "AbortIncompleteMultipartUpload",
    ):
        if name in rule:
            converted[name] = rule[name]
    if "NoncurrentVersionTransitions" in rule:
        converted["NoncurrentVersionTransitions"] = [
            {**move, "NoncurrentDays": move.get("TransitionInDays", move.get("NoncurrentDays"))}
            for move in rule["NoncurrentVersionTransitions"]
        ]
        for move in converted["NoncurrentVersionTransitions"]:
            move.pop("TransitionInDays", None)
    return converted


def _transition(move: dict[str, Any]) -> dict[str, Any]:
    names = {"StorageClass": "StorageClass", "TransitionInDays": "Days", "TransitionDate": "Date"}
    return {names[name]: value for name, value in move.items()}


def _filter(rule: dict[str, Any]) -> dict[str, Any]:
    parts = {
        name: rule[name] for name in ("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan") if name in rule
    }
    tags = rule.get("TagFilters", [])
    if len(parts) + len(tags) > 1:
        return {"And": {**parts, **({"Tags": tags} if tags else {})}}
    if tags:
        return {"Tag": tags[0]}
    return {name: int(v) if name.startswith("ObjectSize") else v for name, v in parts.items()} or {
        "Prefix": ""
    }


CONFIGURATIONS = (
    ("VersioningConfiguration", "put_bucket_versioning", "VersioningConfiguration", _same),
    ("PublicAccessBlockConfiguration", "put_public_access_block", "PublicAccessBlockConfiguration", _same),
    ("BucketEncryption", "put_bucket_encryption", "ServerSideEncryptionConfiguration", _encryption),
    ("LifecycleConfiguration", "put_bucket_lifecycle_configuration", "LifecycleConfiguration", _lifecycle),
    ("CorsConfiguration", "put_bucket_cors", "CORSConfiguration", _cors),
    ("LoggingConfiguration", "put_bucket_logging", "BucketLoggingStatus", _logging),
    (
        "NotificationConfiguration",
        "put_bucket_notification_configuration",
        "NotificationConfiguration",
        _notification,
    ),
)
"""Property, boto3 operation, its argument, and how one becomes the other."""
READINGS: tuple[tuple[str, str, Callable[[dict[str, Any]], Any]], ...] = (
    ("VersioningConfiguration", "get_bucket_versioning", _told_versioning),
    ("PublicAccessBlockConfiguration", "get_public_access_block", _told_block),
    ("BucketEncryption", "get_bucket_encryption", _told_encryption),
    ("CorsConfiguration", "get_bucket_cors", _told_cors),
    ("LoggingConfiguration", "get_bucket_logging", _told_logging),
    ("Tags", "get_bucket_tagging", _told_tag_set),
    ("NotificationConfiguration", "get_bucket_notification_configuration", _told_notification),
)
"""Property, the boto3 operation that tells it, and its answer in the template's shape."""


@unless_gone(*GONE)
def delete_bucket(resource: Resource, bucket: Physical) -> None:
    resource.client("s3").delete_bucket(Bucket=bucket.id)


def create_bucket_policy(resource: Resource) -> Physical:
    bucket = resource.properties.take("Bucket")
    document = json.dumps(resource.properties.take("PolicyDocument"))
    resource.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)
    return Physical(bucket)


def update_bucket_policy(resource: Resource, policy: Physical, old: Properties) -> Physical:
    create_bucket_policy(resource)
    return policy


@unless_gone(*GONE)
def read_bucket_policy(resource: Resource, policy: Physical) -> dict[str, Any] | None:
    s3 = resource.client("s3")
    try:
        found = s3.get_bucket_policy(Bucket=policy.id)["Policy"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
        return None
    return {"Bucket": policy.id, "PolicyDocument": json.loads(found)}


@unless_gone(*GONE)
def delete_bucket_policy(resource: Resource, policy: Physical) -> None:
    resource.client("s3").delete_bucket_policy(Bucket=policy.id)


ROWS = (
    Row("AWS::S3::Bucket", create_bucket, delete_bucket, update_bucket, read_bucket),
    Row(
        "AWS::S3::BucketPolicy",
        create_bucket_policy,
        delete_bucket_policy,
        update_bucket_policy,
        read_bucket_policy,
    ),
)
