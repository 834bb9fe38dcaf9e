"""Rows of security groups, and of single rules of them."""

from __future__ import annotations

from typing import Any

from offline.errors import UnsupportedPropertyError
from offline.resources.change import given, only_in, present, unless_gone
from offline.resources.ec2 import tags
from offline.resources.row import Physical, Properties, Resource, Row

NO_GROUP, NO_RULE = "InvalidGroup.NotFound", "InvalidPermission.NotFound"
EVERYWHERE = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
"""What EC2 lets out of a group whose template says nothing about egress."""
PEERS = {
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
}
"""Property of a rule → where the API has it."""
RULE = ("IpProtocol", "FromPort", "ToPort", "Description", "SourceSecurityGroupOwnerId", *PEERS)
Rules = list[dict[str, Any]]


def create_group(resource: Resource) -> Physical:
    properties = resource.properties
    id = resource.client("ec2").create_security_group(
        GroupName=properties.take("GroupName") or resource.name(longest=255),
        Description=properties.take("GroupDescription"),
        **given(properties, "VpcId"),
        **tags.specifications(resource, "security-group"),
    )["GroupId"]
    group = resource.begin(Physical(id, {"GroupId": id, "Id": id}))
    _authorize(resource, id, "ingress", _rules(properties, "ingress"))
    _follow(resource, id, "egress", [EVERYWHERE])
    return group


def _rules(properties: Properties, direction: str) -> Rules:
    rules = properties.take(f"SecurityGroup{direction.title()}")
    return [EVERYWHERE] if rules is None and direction == "egress" else list(rules or [])


def _follow(resource: Resource, group: str, direction: str, had: Rules) -> None:
    """The group has the rules of its template, and none that it had before."""
    wanted = _rules(resource.properties, direction)
    _revoke(resource, group, direction, only_in(had, wanted))
    _authorize(resource, group, direction, only_in(wanted, had))


def _authorize(resource: Resource, group: str, direction: str, rules: Rules) -> None:
    if rules:
        authorize = getattr(resource.client("ec2"), f"authorize_security_group_{direction}")
        authorize(GroupId=group, IpPermissions=[permission(rule) for rule in rules])


def _revoke(resource: Resource, group: str, direction: str, rules: Rules) -> None:
    for rule in rules:
        with unless_gone(NO_RULE):
            revoke = getattr(resource.client("ec2"), f"revoke_security_group_{direction}")
            revoke(GroupId=group, IpPermissions=[permission(rule)])


def permission(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of a template in the shape of the EC2 API."""
    unknown = sorted(set(rule) - set(RULE))
    if unknown:
        raise UnsupportedPropertyError(f"a rule's {unknown} would be dropped; allowed: {list(RULE)}")
    found: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    found |= {port: int(rule[port]) for port in ("FromPort", "ToPort") if port in rule}
    described = {"Description": rule["Description"]} if rule.get("Description") else {}
    owner = present(UserId=rule.get("SourceSecurityGroupOwnerId"))
    for name, (ranges, key) in PEERS.items():
        if name in rule:
            found[ranges] = [{key: rule[name], **described, **(owner if key == "GroupId" else {})}]
    return found


def update_group(resource: Resource, group: Physical, old: Properties) -> Physical:
    for direction in ("ingress", "egress"):
        _follow(resource, group.id, direction, _rules(old, direction))
    tags.follow(resource, group.id, old)
    return group


@unless_gone(NO_GROUP)
def read_group(resource: Resource, group: Physical) -> dict[str, Any] | None:
    [found] = resource.client("ec2").describe_security_groups(GroupIds=[group.id])["SecurityGroups"]
    ingress = _told(found["IpPermissions"], _rules(resource.properties, "ingress"))
    egress = _told(found["IpPermissionsEgress"], _rules(resource.properties, "egress"))
    return {
        "GroupName": found["GroupName"],
        "GroupDescription": found["Description"],
        "VpcId": found["VpcId"],
        "SecurityGroupIngress": ingress,
        "SecurityGroupEgress": egress,
        **tags.told(resource, found),
    }


def _told(permissions: Rules, wanted: Rules) -> Rules:
    """Of the rules, those of the group's own template that stand: others have rows of their own."""
    standing = [part for one in permissions for part in _parts(one)]
    return [rule for rule in wanted if _essence(permission(rule)) in standing]


def _parts(found: dict[str, Any]) -> Rules:
    """A permission with many peers, as one for each."""
    kinds = {ranges for ranges, _ in PEERS.values()}
    return [
        _essence({**found, ranges: [peer]}, ranges) for ranges in kinds for peer in found.get(ranges) or []
    ]


def _essence(one: dict[str, Any], only: str = "") -> dict[str, Any]:
    """What makes two permissions the same; the owner of a group in the same account is left out."""
    ports = {name: one.get(name, -1) for name in ("FromPort", "ToPort")} if one["IpProtocol"] != "-1" else {}
    kinds = {only} if only else {ranges for ranges, _ in PEERS.values() if one.get(ranges)}
    peers = [
        {name: value for name, value in peer.items() if name not in ("UserId", "GroupName")}
        for ranges in sorted(kinds)
        for peer in one[ranges]
    ]
    return {"IpProtocol": one["IpProtocol"], **ports, "peers": peers}


@unless_gone(NO_GROUP)
def delete_group(resource: Resource, group: Physical) -> None:
    resource.client("ec2").delete_security_group(GroupId=group.id)


def create_rule(resource: Resource) -> Physical:
    """One rule of a security group, in either direction."""
    group, direction = resource.properties.take("GroupId"), _direction(resource)
    authorize = getattr(resource.client("ec2"), f"authorize_security_group_{direction}")
    wanted = permission(given(resource.properties, *RULE))
    rules = authorize(GroupId=group, IpPermissions=[wanted])["SecurityGroupRules"]
    id = rules[0]["SecurityGroupRuleId"]
    return Physical(id, {"Id": id})


def _direction(resource: Resource) -> str:
    return "ingress" if resource.type.endswith("Ingress") else "egress"


def update_rule(resource: Resource, rule: Physical, old: Properties) -> Physical:
    """Only the description of a rule changes."""
    describe = f"update_security_group_rule_descriptions_{_direction(resource)}"
    text = resource.properties.take("Description") or ""
    getattr(resource.client("ec2"), describe)(
        GroupId=resource.properties.take("GroupId"),
        SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": rule.id, "Description": text}],
    )
    return rule


@unless_gone("InvalidSecurityGroupRuleId.NotFound")
def read_rule(resource: Resource, rule: Physical) -> dict[str, Any] | None:
    answer = resource.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[rule.id])
    [found] = answer["SecurityGroupRules"]
    side = "Destination" if found["IsEgress"] else "Source"
    peer = (found.get("ReferencedGroupInfo") or {}).get("GroupId")
    return {
        "GroupId": found["GroupId"],
        "IpProtocol": found["IpProtocol"],
        **({} if found["IpProtocol"] == "-1" else {name: found[name] for name in ("FromPort", "ToPort")}),
        **present(
            CidrIp=found.get("CidrIpv4"),
            CidrIpv6=found.get("CidrIpv6"),
            Description=found.get("Description"),
            **{f"{side}PrefixListId": found.get("PrefixListId"), f"{side}SecurityGroupId": peer},
        ),
    }


@unless_gone(NO_GROUP, NO_RULE)
def delete_rule(resource: Resource, rule: Physical) -> None:
    revoke = getattr(resource.client("ec2"), f"revoke_security_group_{_direction(resource)}")
    revoke(GroupId=resource.properties.take("GroupId"), SecurityGroupRuleIds=[rule.id])


ROWS = (
    Row("AWS::EC2::SecurityGroup", create_group, delete_group, update_group, read_group),
    Row("AWS::EC2::SecurityGroupIngress", create_rule, delete_rule, update_rule, read_rule),
    Row("AWS::EC2::SecurityGroupEgress", create_rule, delete_rule, update_rule, read_rule),
)
