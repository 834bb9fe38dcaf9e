"""Endpoints: a served model that answers invocations until the endpoint is deleted.

The process starts with the first invocation, so an endpoint that nobody asks costs nothing here.
"""

from __future__ import annotations

from typing import Any

from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig, SageMakerModelBackend

from offline.clock import clock
from offline.engines.sagemaker.requests import check_instance, check_only, check_shape, refuse
from offline.engines.sagemaker.serving import Server

CONFIG_PLAYED = {"EndpointConfigName", "ProductionVariants", "Tags", "KmsKeyId"}
VARIANT_PLAYED = {"VariantName", "ModelName", "InitialInstanceCount", "InstanceType", "InitialVariantWeight"}
UPDATE_PLAYED = {"EndpointName", "EndpointConfigName", "DeploymentConfig"}


def check_deployment(config: dict[str, Any]) -> None:
    """An endpoint changes all at once here: traffic is not shifted, and no alarm is watched meanwhile."""
    blue_green = config.get("BlueGreenUpdatePolicy") or {}
    kind = (blue_green.get("TrafficRoutingConfiguration") or {}).get("Type", "ALL_AT_ONCE")
    asked = {
        f"traffic routing {kind}": kind != "ALL_AT_ONCE",
        "RollingUpdatePolicy": "RollingUpdatePolicy" in config,
        "AutoRollbackConfiguration": bool((config.get("AutoRollbackConfiguration") or {}).get("Alarms")),
    }
    if unplayed := [what for what, holds in asked.items() if holds]:
        raise refuse(
            f"DeploymentConfig: {', '.join(unplayed)} cannot be done offline; allowed is a "
            "BlueGreenUpdatePolicy of type ALL_AT_ONCE"
        )


class Hosting(SageMakerModelBackend):
    """The endpoints' part of the SageMaker engine."""

    region_name: str
    account_id: str
    endpoints: dict[str, FakeEndpoint]
    endpoint_configs: dict[str, Any]

    def submit_endpoint_config(self, request: dict[str, Any]) -> FakeEndpointConfig:
        self._check_endpoint_config(request)
        name = request["EndpointConfigName"]
        arn = FakeEndpointConfig.arn_formatter(name, self.account_id, self.region_name)
        if name in self.endpoint_configs:
            raise refuse(f'Cannot create already existing endpoint configuration "{arn}".')
        variants = [{"InitialVariantWeight": 1.0, **one} for one in request["ProductionVariants"]]
        config = self.create_endpoint_config(
            name, variants, {}, {}, request.get("Tags") or [], request.get("KmsKeyId")
        )
        # moto keeps the ARN in a tuple, and the machine's time.
        config.arn, config.creation_time = arn, clock.now()
        return config

    def submit_endpoint(self, request: dict[str, Any]) -> FakeEndpoint:
        check_shape("CreateEndpoint", request)
        name, config = request["EndpointName"], request["EndpointConfigName"]
        check_deployment(request.get("DeploymentConfig") or {})
        if name in self.endpoints:
            raise refuse(f'Cannot create already existing endpoint "{self.endpoints[name].arn}".')
        self.describe_endpoint_config(config)
        endpoint = self.create_endpoint(name, config, request.get("Tags") or [])
        endpoint.creation_time = endpoint.last_modified_time = clock.now()
        endpoint.last_deployment_config = request.get("DeploymentConfig")
        return endpoint

    def change_endpoint(self, request: dict[str, Any]) -> FakeEndpoint:
        """The endpoint serves another configuration from the next invocation on."""
        check_shape("UpdateEndpoint", request)
        check_only(request, UPDATE_PLAYED, "UpdateEndpoint")
        check_deployment(request.get("DeploymentConfig") or {})
        name, config = request["EndpointName"], request["EndpointConfigName"]
        self.describe_endpoint(name)
        described = self.describe_endpoint_config(config)
        endpoint = self.endpoints[name]
        endpoint.endpoint_config_name = config
        endpoint.production_variants = endpoint._process_production_variants(described["ProductionVariants"])
        endpoint.last_deployment_config = request.get("DeploymentConfig")
        endpoint.last_modified_time = clock.now()
        self._stop_serving(name)
        return endpoint

    def _check_endpoint_config(self, request: dict[str, Any]) -> None:
        check_shape("CreateEndpointConfig", request)
        check_only(request, CONFIG_PLAYED, "CreateEndpointConfig")
        if len(request["ProductionVariants"]) != 1:
            raise refuse("CreateEndpointConfig: offline an endpoint has one production variant.")
        variant = request["ProductionVariants"][0]
        check_only(variant, VARIANT_PLAYED, "CreateEndpointConfig: ProductionVariants")
        if "InstanceType" not in variant:
            raise refuse(
                "CreateEndpointConfig: InstanceType is required for a variant that is not serverless."
            )
        check_instance(variant["InstanceType"], "hosting")

    def invoke(self, endpoint_name: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str, str]:
        """Status, body, content type and the variant that answered."""
        if endpoint_name not in self.endpoints:
            raise refuse(f"Endpoint {endpoint_name} of account not found.")
        endpoint = self.endpoints[endpoint_name]
        variant = self.endpoint_configs[endpoint.endpoint_config_name].production_variants[0]
        status, answer, kind = self._server(endpoint_name, variant["ModelName"]).request(
            "POST", "/invocations", body, **headers
        )
        return status, answer, kind, variant["VariantName"]

    def _server(self, endpoint_name: str, model_name: str) -> Server:
        if endpoint_name not in self._servers():
            model = self.describe_model(model_name).request
            self._keep(endpoint_name, Server(model, self.region_name))
        return self._servers()[endpoint_name]

    def _keep(self, endpoint_name: str, server: Server) -> None:
        """While it started, another invocation may have started one, or the endpoint been deleted."""
        if endpoint_name in self.endpoints and endpoint_name not in self._servers():
            self._servers()[endpoint_name] = server
            return
        server.close()
        if endpoint_name not in self.endpoints:
            raise refuse(f"Endpoint {endpoint_name} of account not found.")

    def _servers(self) -> dict[str, Server]:
        servers: dict[str, Server] = self.__dict__.setdefault("servers", {})
        return servers

    def delete_endpoint(self, endpoint_name: str) -> None:
        super().delete_endpoint(endpoint_name)
        self._stop_serving(endpoint_name)

    def _stop_serving(self, endpoint_name: str) -> None:
        if server := self._servers().pop(endpoint_name, None):
            server.close()

    def close_endpoints(self) -> None:
        for server in self._servers().values():
            server.close()
        self._servers().clear()
