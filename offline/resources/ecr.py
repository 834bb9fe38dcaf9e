"""Rows of Amazon ECR."""

from __future__ import annotations

import json
from typing import Any

from offline.resources.change import given, present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row
from offline.resources.shape import capital, small

GONE = "RepositoryNotFoundException"
FILTER = "ImageTagMutabilityExclusionFilter"


def create_repository(resource: Resource) -> Physical:
    properties = resource.properties
    name = properties.take("RepositoryName") or resource.name(longest=256, lower=True)
    # Read when the repository is deleted.
    properties.take("EmptyOnDelete")
    made = resource.client("ecr").create_repository(
        repositoryName=name,
        tags=resource.tag_list(),
        **small(
            given(properties, "ImageTagMutability", "ImageScanningConfiguration", "EncryptionConfiguration")
        ),
        **_exclusions(properties),
    )["repository"]
    repository = resource.begin(
        Physical(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})
    )
    _follow_policies(resource, name, Properties({}))
    return repository


def _exclusions(properties: Properties) -> dict[str, Any]:
    filters = properties.take("ImageTagMutabilityExclusionFilters")
    found = [{"filterType": one[f"{FILTER}Type"], "filter": one[f"{FILTER}Value"]} for one in filters or []]
    return {"imageTagMutabilityExclusionFilters": found} if found else {}


def _follow_policies(resource: Resource, name: str, old: Properties) -> None:
    """The repository has the policies of its template, and no longer those of the former."""
    ecr, properties = resource.client("ecr"), resource.properties
    if policy := properties.take("RepositoryPolicyText"):
        text = policy if isinstance(policy, str) else json.dumps(policy)
        ecr.set_repository_policy(repositoryName=name, policyText=text)
    elif old.take("RepositoryPolicyText"):
        with unless_gone("RepositoryPolicyNotFoundException"):
            ecr.delete_repository_policy(repositoryName=name)
    if lifecycle := properties.take("LifecyclePolicy"):
        ecr.put_lifecycle_policy(repositoryName=name, **small(lifecycle))
    elif old.take("LifecyclePolicy"):
        with unless_gone("LifecyclePolicyNotFoundException"):
            ecr.delete_lifecycle_policy(repositoryName=name)


def update_repository(resource: Resource, repository: Physical, old: Properties) -> Physical:
    ecr, properties = resource.client("ecr"), resource.properties
    properties.take("EmptyOnDelete")
    ecr.put_image_tag_mutability(
        repositoryName=repository.id,
        imageTagMutability=properties.take("ImageTagMutability") or "MUTABLE",
        **_exclusions(properties),
    )
    scanning = small(properties.take("ImageScanningConfiguration") or {"ScanOnPush": False})
    ecr.put_image_scanning_configuration(repositoryName=repository.id, imageScanningConfiguration=scanning)
    _follow_policies(resource, repository.id, old)
    arn = repository.attributes["Arn"]
    retag(
        resource,
        old,
        lambda tags: ecr.tag_resource(resourceArn=arn, tags=tags),
        lambda keys: ecr.untag_resource(resourceArn=arn, tagKeys=keys),
    )
    return repository


@unless_gone(GONE)
def read_repository(resource: Resource, repository: Physical) -> dict[str, Any] | None:
    ecr = resource.client("ecr")
    [found] = ecr.describe_repositories(repositoryNames=[repository.id])["repositories"]
    tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
    told, filters = capital(found), found.get("imageTagMutabilityExclusionFilters") or []
    names = ("RepositoryName", "ImageTagMutability", "ImageScanningConfiguration", "EncryptionConfiguration")
    return present(
        **{name: told.get(name) for name in names},
        ImageTagMutabilityExclusionFilters=[
            {f"{FILTER}Type": one["filterType"], f"{FILTER}Value": one["filter"]} for one in filters
        ],
        RepositoryPolicyText=_policy(resource, repository.id),
        LifecyclePolicy=_lifecycle(resource, repository.id),
        Tags=told_tags(resource, tags),
    )


@unless_gone("RepositoryPolicyNotFoundException")
def _policy(resource: Resource, name: str) -> Any:
    return json.loads(resource.client("ecr").get_repository_policy(repositoryName=name)["policyText"])


@unless_gone("LifecyclePolicyNotFoundException")
def _lifecycle(resource: Resource, name: str) -> dict[str, Any] | None:
    found = resource.client("ecr").get_lifecycle_policy(repositoryName=name)
    return {"LifecyclePolicyText": found["lifecyclePolicyText"], "RegistryId": found["registryId"]}


@unless_gone(GONE)
def delete_repository(resource: Resource, repository: Physical) -> None:
    """A repository that holds images is deleted only with EmptyOnDelete."""
    force = bool(resource.properties.take("EmptyOnDelete"))
    resource.client("ecr").delete_repository(repositoryName=repository.id, force=force)


ROWS = (
    Row("AWS::ECR::Repository", create_repository, delete_repository, update_repository, read_repository),
)
