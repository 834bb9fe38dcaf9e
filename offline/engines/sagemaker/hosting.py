"""Endpoints: a served model that answers invocations until the endpoint is deleted.

The process starts with the first invocation, so an endpoint that nobody asks costs nothing here.
"""

from __future__ import annotations

from typing import Any

from moto.sagemaker.models import FakeEndpoint

from offline.engines.sagemaker.requests import check_instance, check_only, check_shape, refuse
from offline.engines.sagemaker.serving import Server

CONFIG_PLAYED = {"EndpointConfigName", "ProductionVariants", "Tags", "KmsKeyId"}
VARIANT_PLAYED = {"VariantName", "ModelName", "InitialInstanceCount", "InstanceType", "InitialVariantWeight"}


class Hosting:
    """The endpoints' part of the SageMaker engine."""

    region_name: str
    endpoints: dict[str, FakeEndpoint]
    endpoint_configs: dict[str, Any]

    def check_endpoint_config(self, request: dict[str, Any]) -> None:
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
            model = self.describe_model(model_name).request  # type: ignore[attr-defined]
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
        super().delete_endpoint(endpoint_name)  # type: ignore[misc]
        if server := self._servers().pop(endpoint_name, None):
            server.close()

    def close_endpoints(self) -> None:
        for server in self._servers().values():
            server.close()
        self._servers().clear()
