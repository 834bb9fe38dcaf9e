"""Play Amazon VPC: an endpoint that is modified takes its routes along, and every rule has its description.

moto keeps an endpoint's new lists and leaves routes, network interfaces, policy and private DNS as they
were. Of rules it tells the description only where the peer is a range of addresses.
Source: Amazon EC2 API Reference, "ModifyVpcEndpoint", "UpdateSecurityGroupRuleDescriptionsIngress".
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2 import urls as moto_urls
from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupRuleIdNotFoundError
from moto.ec2.models import EC2Backend
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_private_ip

from offline.engine import Engine
from offline.iam.document import written

PEERS = ("ip_ranges", "source_groups", "prefix_list_ids")


class InvalidPolicyDocumentError(EC2ClientError):
    """An endpoint policy that EC2 does not keep."""

    code = "InvalidPolicyDocument"


def check_policy(text: str | None) -> None:
    """An endpoint's policy names principals, and resources."""
    if text:
        written(text, principals=True, resources=True, refusal=InvalidPolicyDocumentError)


class Responses(EC2Response):
    """moto's responses, with what it does not read of a request."""

    def modify_vpc_endpoint(self) -> ActionResult:
        answer = super().modify_vpc_endpoint()
        endpoint = self.ec2_backend.vpc_end_points[self._get_param("VpcEndpointId")]
        if self._get_bool_param("ResetPolicy"):
            endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
        private = self._get_bool_param("PrivateDnsEnabled")
        if private is not None:
            endpoint.private_dns_enabled = private
        return answer

    def update_security_group_rule_descriptions_ingress(self) -> ActionResult:
        if self._get_param("SecurityGroupRuleDescriptions"):
            return self._describe_rules()
        return super().update_security_group_rule_descriptions_ingress()

    def update_security_group_rule_descriptions_egress(self) -> ActionResult:
        if self._get_param("SecurityGroupRuleDescriptions"):
            return self._describe_rules()
        return super().update_security_group_rule_descriptions_egress()

    def _describe_rules(self) -> ActionResult:
        for told in self._get_param("SecurityGroupRuleDescriptions"):
            group = self._get_param("GroupId")
            self.ec2_backend.describe_rule(group, told["SecurityGroupRuleId"], told.get("Description", ""))
        return ActionResult({"Return": True})


class Ec2Engine(Engine, EC2Backend):
    """moto's EC2."""

    service = "ec2"

    def __init__(self, region_name: str, account_id: str) -> None:
        self._descriptions: dict[str, str] = {}
        super().__init__(region_name, account_id)

    def authorize_security_group_ingress(self, *arguments: Any, **named: Any) -> Any:
        return self._noted(super().authorize_security_group_ingress(*arguments, **named), named)

    def authorize_security_group_egress(self, *arguments: Any, **named: Any) -> Any:
        return self._noted(super().authorize_security_group_egress(*arguments, **named), named)

    def _noted(self, answer: Any, named: dict[str, Any]) -> Any:
        """One rule comes of each peer, in the order of the request."""
        peers = [peer for kind in PEERS for peer in named.get(kind) or []]
        for rule, peer in zip(answer[0], peers, strict=False):
            self._descriptions[rule.id] = peer.get("Description", "")
        return answer

    def describe_rule(self, group_id: str, rule_id: str, text: str) -> None:
        group = self.get_security_group_by_name_or_id(group_id)
        rule = group and group.get_rule(rule_id)
        if rule is None:
            raise InvalidSecurityGroupRuleIdNotFoundError(rule_id)
        self._descriptions[rule_id] = text
        for peer in (rule.ip_range, rule.source_group):
            if peer:
                peer["Description"] = text

    def describe_security_group_rules(self, *arguments: Any, **named: Any) -> Any:
        """moto's copies of the rules, which tell the description of a range as that of the rule."""
        rules = super().describe_security_group_rules(*arguments, **named)
        for rule in rules:
            if text := self._descriptions.get(rule.id):
                rule.ip_range = {**rule.ip_range, "Description": text}
        return rules

    @property
    def _url_module(self) -> Any:
        return Urls

    def create_vpc_endpoint(self, *arguments: Any, **named: Any) -> VPCEndPoint:
        """An endpoint of no named type is a gateway; moto could not delete it."""
        check_policy(named.get("policy_document"))
        return super().create_vpc_endpoint(
            *arguments, **named | {"endpoint_type": named.get("endpoint_type") or "Gateway"}
        )

    def modify_vpc_endpoint(self, vpc_id: str, **changes: Any) -> None:
        check_policy(changes.get("policy_doc"))
        super().modify_vpc_endpoint(vpc_id=vpc_id, **changes)
        endpoint = self.vpc_end_points[vpc_id]
        self._follow_tables(endpoint, changes["add_route_tables"], changes["remove_route_tables"])
        self._follow_subnets(endpoint, changes["add_subnets"], changes["remove_subnets"])

    def _follow_tables(self, endpoint: VPCEndPoint, added: list[str], removed: list[str]) -> None:
        prefixes = endpoint.destination_prefix_list_id
        for table in added if prefixes else ():
            self.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefixes)
        for table in removed if prefixes else ():
            self.delete_route(table, prefixes)

    def _follow_subnets(self, endpoint: VPCEndPoint, added: list[str], removed: list[str]) -> None:
        interfaces = {id: self.enis[id] for id in endpoint.network_interface_ids}
        for id, interface in interfaces.items():
            if interface.subnet.id in removed:
                endpoint.network_interface_ids.remove(id)
                del self.enis[id]
        for subnet in added:
            made = self.create_network_interface(subnet, random_private_ip())
            endpoint.network_interface_ids.append(made.id)

    def delete_vpc_endpoints(self, vpce_ids: list[str] | None = None) -> None:
        """An endpoint that is deleted is gone; moto would describe it for ever."""
        super().delete_vpc_endpoints(vpce_ids)
        for id in vpce_ids or []:
            self.vpc_end_points.pop(id, None)


class Urls:
    """moto's routes of EC2, with our response class behind them."""

    url_bases = moto_urls.url_bases
    url_paths = dict.fromkeys(moto_urls.url_paths, Responses.dispatch)
