"""Identities: their policies are checked when they are put, and what moto does not keep of them is kept."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import MalformedPolicyDocument, NotFoundException
from moto.iam.models import IAMBackend, ManagedPolicy, Role
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from moto.iam.responses import IamResponse

from offline.iam.document import written


class IdentityResponses(IamResponse):
    """moto's responses, with what it does not read of a request."""

    def create_user(self) -> ActionResult:
        boundary = self._get_param("PermissionsBoundary")
        answer = super().create_user()
        if boundary:
            self.backend.bound_user(self._get_param("UserName"), boundary)
        return answer

    def put_user_permissions_boundary(self) -> ActionResult:
        self.backend.bound_user(self._get_param("UserName"), self._get_param("PermissionsBoundary"))
        return EmptyResult()

    def delete_user_permissions_boundary(self) -> ActionResult:
        self.backend.unbound_user(self._get_param("UserName"))
        return EmptyResult()

    def create_login_profile(self) -> ActionResult:
        answer = super().create_login_profile()
        user = self.backend.get_user(self._get_param("UserName"))
        user.password_reset_required = bool(self._get_param("PasswordResetRequired", False))
        answer.result["LoginProfile"]["PasswordResetRequired"] = user.password_reset_required
        return answer


def check(text: str) -> None:
    """What moto finds comes first, in IAM's words; it lets principals pass."""
    IAMPolicyDocumentValidator(text).validate()
    written(text, principals=False, resources=True, refusal=MalformedPolicyDocument)


def check_trust(text: str) -> None:
    """moto does not look at a new role's, and knows no sts:TagSession."""
    written(text, principals=True, resources=False, refusal=MalformedPolicyDocument)


class Identities(IAMBackend):
    """moto's users, groups and roles."""

    def create_policy(self, description: str, path: str, policy_document: str, *rest: Any) -> ManagedPolicy:
        check(policy_document)
        return super().create_policy(description, path, policy_document, *rest)

    def create_policy_version(self, policy_arn: str, policy_document: str, set_as_default: bool) -> Any:
        check(policy_document)
        return super().create_policy_version(policy_arn, policy_document, set_as_default)

    def put_user_policy(self, user_name: str, policy_name: str, policy_json: str) -> None:
        check(policy_json)
        super().put_user_policy(user_name, policy_name, policy_json)

    def put_group_policy(self, group_name: str, policy_name: str, policy_json: str) -> None:
        check(policy_json)
        super().put_group_policy(group_name, policy_name, policy_json)

    def put_role_policy(self, role_name: str, policy_name: str, policy_json: str) -> None:
        check(policy_json)
        super().put_role_policy(role_name, policy_name, policy_json)

    def create_role(self, role_name: str, assume_role_policy_document: str, *rest: Any, **named: Any) -> Role:
        check_trust(assume_role_policy_document)
        return super().create_role(role_name, assume_role_policy_document, *rest, **named)

    def update_assume_role_policy(self, role_name: str, policy_document: str) -> None:
        check_trust(policy_document)
        super().update_assume_role_policy(role_name, policy_document)

    def bound_user(self, name: str, boundary: str) -> None:
        self.get_policy(boundary)  # A policy that does not exist bounds nobody.
        user = self.get_user(name)
        user.permissions_boundary_arn = boundary
        user.permissions_boundary = {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": boundary,
        }

    def unbound_user(self, name: str) -> None:
        user = self.get_user(name)
        if not getattr(user, "permissions_boundary", None):
            raise NotFoundException(f"The user with name {name} has no permissions boundary.")
        user.permissions_boundary_arn = user.permissions_boundary = None

    def update_user(
        self, user_name: str, new_path: str | None = None, new_user_name: str | None = None
    ) -> None:
        """moto finds tags by ARN, which holds path and name."""
        user = self.get_user(user_name)
        arn, tags = user.arn, user.tags or []
        super().update_user(user_name, new_path, new_user_name)
        if user.arn != arn:
            self.tagger.delete_all_tags_for_resource(arn)
            self.tagger.tag_resource(user.arn, tags)

    def update_group(self, group_name: str, new_group_name: str | None, new_path: str | None) -> None:
        """moto changes the path only together with the name."""
        group = self.get_group(group_name)
        super().update_group(group_name, new_group_name, new_path)
        if new_path:
            group.path = new_path
