"""What rows of SageMaker share: how it says that a thing is gone, names at the end of ARNs, and tags."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from botocore.exceptions import ClientError

from offline.resources.change import retag, told_tags
from offline.resources.row import Physical, Properties, Resource

GONE = ("Could not find", "RecordNotFound", "does not exist")
"""What a ValidationException says of what is not there; newer operations answer ResourceNotFound."""


@contextmanager
def unless_gone() -> Iterator[None]:
    """Around a deletion or a reading: what is gone by hand is no error."""
    try:
        yield
    except ClientError as error:
        told = error.response["Error"]
        if told["Code"] != "ResourceNotFound" and not any(words in told["Message"] for words in GONE):
            raise


def name_of(thing: Physical) -> str:
    """The name in an ARN."""
    return thing.id.rpartition("/")[2]


def moment(when: datetime) -> str:
    """A moment as CloudFormation answers it."""
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def follow_tags(resource: Resource, arn: str, old: Properties) -> None:
    """The thing has the tags of its template, without those it had before."""
    sagemaker = resource.client("sagemaker")
    retag(
        resource,
        old,
        lambda tags: sagemaker.add_tags(ResourceArn=arn, Tags=tags),
        lambda keys: sagemaker.delete_tags(ResourceArn=arn, TagKeys=keys),
    )


def tags_of(resource: Resource, arn: str) -> list[dict[str, str]]:
    """The thing's tags that are not the stack's."""
    return told_tags(resource, resource.client("sagemaker").list_tags(ResourceArn=arn)["Tags"])
