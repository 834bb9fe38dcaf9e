"""AWS managed policies are in the account from the first moment, without being read until one is named."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend


@cache
def _known() -> dict[str, dict[str, Any]]:
    """The policies that moto carries, by the end of their ARN."""
    policies: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return {
        f"iam::aws:policy{known['Path']}{name}": {"name": name, **known} for name, known in policies.items()
    }


class ManagedPolicies(IAMBackend):
    """moto's policies; it would read all of AWS's at the start of every account, or none."""

    def bring(self, arn: str | None) -> None:
        """The AWS managed policy of this ARN, if there is one, is among the policies."""
        known = _known().get(str(arn).split(":", 2)[-1]) if ":iam::aws:" in str(arn) else None
        if known is not None and arn not in self.managed_policies:
            policy = AWSManagedPolicy.from_data(known["name"], self.account_id, self.region_name, known)
            self.managed_policies[policy.arn] = policy

    def get_policy(self, policy_arn: str) -> Any:
        self.bring(policy_arn)
        return super().get_policy(policy_arn)

    def attach_role_policy(self, policy_arn: str, role_name: str) -> None:
        self.bring(policy_arn)
        if policy_arn not in self.get_role(role_name).managed_policies:
            super().attach_role_policy(policy_arn, role_name)

    def attach_user_policy(self, policy_arn: str, user_name: str) -> None:
        self.bring(policy_arn)
        super().attach_user_policy(policy_arn, user_name)

    def attach_group_policy(self, policy_arn: str, group_name: str) -> None:
        self.bring(policy_arn)
        super().attach_group_policy(policy_arn, group_name)

    def create_policy_version(self, policy_arn: str, policy_document: str, set_as_default: bool) -> Any:
        version = super().create_policy_version(policy_arn, policy_document, set_as_default)
        self.get_policy(policy_arn).update_date = version.create_date
        return version

    def list_policies(self, *arguments: Any, **named: Any) -> Any:
        if "Local" not in (*arguments, *named.values()):
            for end in _known():
                self.bring(f"arn:{self.partition}:{end}")
        return super().list_policies(*arguments, **named)
