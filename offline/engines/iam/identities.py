"""Users have a permissions boundary and a password to reset, and users and groups move to another path."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse


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


class Identities(IAMBackend):
    """moto's users and groups, with what it does not keep of them."""

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
