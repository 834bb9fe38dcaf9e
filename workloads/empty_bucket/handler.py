"""Empty a bucket when CloudFormation deletes it: versions, delete markers and unfinished uploads."""

import json
import urllib.request

import boto3


def handler(event, context):
    """Answer a custom resource's request; only `Delete` does anything."""
    try:
        if event["RequestType"] == "Delete":
            empty(event["ResourceProperties"]["BucketName"])
    except Exception as error:  # noqa: BLE001  CloudFormation must hear of any failure, or it waits an hour
        answer(event, context, "FAILED", f"{type(error).__name__}: {error}")
    else:
        answer(event, context, "SUCCESS", "")


def empty(bucket):
    """Nothing is left in the bucket; a bucket that is gone already is fine."""
    s3 = boto3.client("s3")
    try:
        while versions := listed(s3, bucket):
            delete(s3, bucket, versions)
        for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for upload in page.get("Uploads", []):
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    except s3.exceptions.NoSuchBucket:
        return


def listed(s3, bucket):
    """The first thousand versions and delete markers that are left."""
    page = s3.list_object_versions(Bucket=bucket)
    return page.get("Versions", []) + page.get("DeleteMarkers", [])


def delete(s3, bucket, versions):
    objects = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
    failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get("Errors")
    if failed:
        raise RuntimeError(f"{len(failed)} objects of {bucket} were not deleted, the first: {failed[0]}")


def answer(event, context, status, reason):
    """Tell CloudFormation how it went, at the address it waits at."""
    body = json.dumps(
        {
            "Status": status,
            "Reason": reason or f"see log stream {context.log_stream_name}",
            "PhysicalResourceId": event.get("PhysicalResourceId")
            or event["ResourceProperties"]["BucketName"],
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
        }
    ).encode()
    request = urllib.request.Request(
        event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=30):
        pass
