"""Three uploads to the deployed lake: without a header, with SSE-S3, with a key that is not the lake's."""

from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from offline.assembly import Assembly
from offline.deploy import deploy
from offline.sandbox import Sandbox

UPLOADS = {
    "no header": {},
    "SSE-S3": {"ServerSideEncryption": "AES256"},
    "SSE-KMS, another key": {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/aws/s3"},
}

with Sandbox() as sandbox:
    deploy(Assembly.load(Path("cdk.out")).only(["lake"]), sandbox)
    stack = boto3.client("cloudformation").describe_stacks(StackName="ml-labs-lake")["Stacks"][0]
    bucket = next(one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == "LakeBucketName")
    for name, headers in UPLOADS.items():
        try:
            put = boto3.client("s3").put_object(Bucket=bucket, Key="patient.csv", Body=b"1,flu", **headers)
            print(f"{name:<20}  encrypted with {put['ServerSideEncryption']}")
        except ClientError as error:
            print(f"{name:<20}  {error.response['Error']['Code']}")
