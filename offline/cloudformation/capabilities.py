"""What a template needs acknowledged before it may change who is allowed what.

Source: AWS CloudFormation User Guide, "Acknowledging IAM resources in CloudFormation templates".
"""

from __future__ import annotations

from offline.cloudformation.template import Template

IAM_TYPES = frozenset(
    f"AWS::IAM::{kind}"
    for kind in (
        *("AccessKey", "Group", "InstanceProfile", "ManagedPolicy", "Policy", "Role", "User"),
        *("UserToGroupAddition", "GroupPolicy", "RolePolicy", "UserPolicy"),
    )
)
NAMES = frozenset({"GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName", "UserName"})
"""Properties that give an IAM resource a name of the template's choice."""
NAMED_TYPES = frozenset(
    f"AWS::IAM::{kind}" for kind in ("Group", "InstanceProfile", "ManagedPolicy", "Role", "User")
)


def needed(template: Template) -> tuple[list[str], str]:
    """The capabilities that a template needs, and why.

    >>> needed(Template.parse('{"Resources": {"R": {"Type": "AWS::IAM::Role"}}}'))[0]
    ['CAPABILITY_IAM']
    """
    found = {id: one for id, one in template.resources.items() if one.get("Type") in IAM_TYPES}
    if not found:
        return [], ""
    kinds = sorted({one["Type"] for one in found.values()})
    reason = f"The following resource(s) require capabilities: [{', '.join(kinds)}]"
    named = any(
        NAMES & set(one.get("Properties") or {}) for one in found.values() if one["Type"] in NAMED_TYPES
    )
    return (["CAPABILITY_NAMED_IAM"] if named else ["CAPABILITY_IAM"]), reason


def missing(template: Template, given: list[str]) -> str:
    """The capability that a request lacks; empty where nothing is missing."""
    required, _ = needed(template)
    if not required or "CAPABILITY_NAMED_IAM" in given or set(required) <= set(given):
        return ""
    return f"Requires capabilities : [{', '.join(required)}]"
