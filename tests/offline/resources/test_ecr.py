"""Rows of ECR: a repository follows its template, and is deleted with its images only on request."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, failing, made

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Pull",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": ["ecr:BatchGetImage"],
        }
    ],
}
RULES = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 365,
            },
            "action": {"type": "expire"},
        }
    ]
}


def repository() -> Staged:
    return made(
        "AWS::ECR::Repository",
        RepositoryName="assets",
        ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        ImageTagMutabilityExclusionFilters=[
            {
                "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                "ImageTagMutabilityExclusionFilterValue": "latest*",
            }
        ],
        ImageScanningConfiguration={"ScanOnPush": True},
        EncryptionConfiguration={"EncryptionType": "AES256"},
        LifecyclePolicy={"LifecyclePolicyText": json.dumps(RULES)},
        RepositoryPolicyText=POLICY,
        Tags=[{"Key": "lab", "Value": "training"}],
    )


def push(name: str) -> None:
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    config = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:0"}
    image = json.dumps({**manifest, "config": config, "layers": []})
    boto3.client("ecr").put_image(repositoryName=name, imageManifest=image, imageTag="latest")


def test_a_repository_has_everything_its_template_says(sandbox: Sandbox) -> None:
    made_repository = repository()
    told = made_repository.read()
    assert told.pop("LifecyclePolicy")["LifecyclePolicyText"] == json.dumps(RULES)
    assert told == {
        name: value for name, value in made_repository.properties.items() if name != "LifecyclePolicy"
    }
    assert made_repository.attribute("RepositoryUri").endswith(".amazonaws.com/assets")


def test_an_updated_repository_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    made_repository = repository()
    made_repository.update(
        "ImageTagMutability",
        "ImageTagMutabilityExclusionFilters",
        "ImageScanningConfiguration",
        "LifecyclePolicy",
        "RepositoryPolicyText",
        Tags=[{"Key": "team", "Value": "a"}],
    )
    assert made_repository.read() == {
        "RepositoryName": "assets",
        "ImageTagMutability": "MUTABLE",
        "ImageScanningConfiguration": {"ScanOnPush": False},
        "EncryptionConfiguration": {"EncryptionType": "AES256"},
        "Tags": [{"Key": "team", "Value": "a"}],
    }


def test_what_a_hand_changed_on_a_repository_is_read(sandbox: Sandbox) -> None:
    made_repository = repository()
    boto3.client("ecr").delete_lifecycle_policy(repositoryName="assets")
    assert "LifecyclePolicy" not in made_repository.read()


def test_refuses_to_delete_a_repository_that_holds_images(sandbox: Sandbox) -> None:
    made_repository = repository()
    push("assets")
    with pytest.raises(ClientError, match="RepositoryNotEmptyException"):
        made_repository.delete()
    made_repository.update(EmptyOnDelete=True)
    made_repository.delete()
    made_repository.delete()
    assert made_repository.read() is None


def test_what_fails_halfway_leaves_nothing(sandbox: Sandbox) -> None:
    failing("AWS::ECR::Repository", LifecyclePolicy={"LifecyclePolicyText": "no JSON " * 20})
    assert boto3.client("ecr").describe_repositories()["repositories"] == []
