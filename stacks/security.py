"""The walls around the lake: a network without a way out, and a trail of who touched what."""

from __future__ import annotations

from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.constructs.audit import Audit
from stacks.constructs.lab_stack import LabStack, accept
from stacks.lake import LakeStack
from stacks.settings import Settings

SECURITY = "lab/security/"
"""Where the lab's own objects lie in the lake."""


class SecurityStack(LabStack):
    """A VPC of private subnets that reaches S3 by a gateway endpoint only, and CloudTrail."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings, lake: LakeStack) -> None:
        super().__init__(
            scope, id, noun="security", description="Network, endpoint and audit trail", settings=settings
        )
        self.vpc = self._vpc(lake)
        self.endpoint = self._s3_endpoint(lake)
        trail = self._trail(lake)
        reader = self._reader_without_key(lake)
        audit = Audit(self, "Audit", settings=settings, lake=lake)
        self.output("VpcId", self.vpc.vpc_id, "Private subnets, no NAT, no internet gateway")
        self.output("EndpointId", self.endpoint.vpc_endpoint_id, "The only way from the VPC to S3")
        self.output("TrailName", trail.ref, "Management events, and data events of the lake")
        self.output("ReaderRoleArn", reader.role_arn, "May read objects of the lab, but not use their key")
        self.output("AuditWorkGroupName", audit.workgroup.ref, "Questions of who did what")
        self.output("AuditDatabaseName", audit.database.ref, "Log files as tables")

    def _vpc(self, lake: LakeStack) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(self.settings.vpc_cidr),
            max_azs=2,
            nat_gateways=0,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Private", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24
                )
            ],
        )
        group = logs.LogGroup(
            self,
            "FlowLogs",
            encryption_key=lake.key,
            retention=self.settings.retention,
            removal_policy=self.settings.removal,
        )
        vpc.add_flow_log("FlowLog", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group))
        return vpc

    def _s3_endpoint(self, lake: LakeStack) -> ec2.GatewayVpcEndpoint:
        """Traffic to S3 stays inside AWS, and reaches the lake's buckets only, for this account only."""
        endpoint = self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        endpoint.add_to_policy(
            iam.PolicyStatement(
                sid="LakeOnly",
                principals=[iam.AnyPrincipal()],
                actions=["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListBucket"],
                resources=[
                    arn
                    for bucket in (lake.bucket, lake.results)
                    for arn in (bucket.bucket_arn, bucket.arn_for_objects("*"))
                ],
                conditions={"StringEquals": {"aws:PrincipalAccount": self.account}},
            )
        )
        return endpoint

    def _reader_without_key(self, lake: LakeStack) -> iam.Role:
        """Whoever takes this role gets objects refused for their key alone: the trail tells of it."""
        role = iam.Role(self, "Reader", assumed_by=iam.AccountPrincipal(self.account))
        objects = lake.bucket.arn_for_objects(f"{SECURITY}*")
        role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=[objects]))
        accept(
            role,
            "the lab's own objects, which lie under one prefix",
            f"IAM5[Resource::{lake.bucket.exported_arn}/{SECURITY}*]",
        )
        return role

    def _trail(self, lake: LakeStack) -> cloudtrail.CfnTrail:
        """The L2 trail would make its bucket policy depend on this stack; the lake's stack stands first."""
        return cloudtrail.CfnTrail(
            self,
            "Trail",
            is_logging=True,
            s3_bucket_name=lake.logs.bucket_name,
            s3_key_prefix=lake.TRAIL_PREFIX,
            kms_key_id=lake.key.key_arn,
            enable_log_file_validation=True,
            include_global_service_events=True,
            is_multi_region_trail=True,
            event_selectors=[
                cloudtrail.CfnTrail.EventSelectorProperty(
                    include_management_events=True,
                    read_write_type="All",
                    data_resources=[
                        cloudtrail.CfnTrail.DataResourceProperty(
                            type="AWS::S3::Object", values=[lake.bucket.arn_for_objects("")]
                        )
                    ],
                )
            ],
        )
