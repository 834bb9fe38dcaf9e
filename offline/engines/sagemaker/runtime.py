"""Play SageMaker Runtime: InvokeEndpoint asks the endpoint's model, asynchronous invocation is refused."""

from __future__ import annotations

import importlib
import json
from typing import Any, ClassVar

from moto.core.common_types import TYPE_RESPONSE
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime import urls as moto_urls
from moto.sagemakerruntime.models import SageMakerRuntimeBackend
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from offline.engine import Engine
from offline.engines.sagemaker.requests import refuse
from offline.engines.sagemaker.serving import ModelError


class SageMakerRuntimeEngine(Engine, SageMakerRuntimeBackend):
    """Holds nothing: models are served by the SageMaker engine."""

    service: ClassVar[str] = "sagemakerruntime"

    @property
    def _url_module(self) -> Any:
        return importlib.import_module(__name__)


class RuntimeResponses(SageMakerRuntimeResponse):
    """InvokeEndpoint, from the model; its payload need not be text."""

    use_raw_body = True

    def invoke_endpoint(self) -> TYPE_RESPONSE:
        engine = sagemaker_backends[self.current_account][self.region]
        name = self.path.split("/")[2]
        headers = {k.replace("-", "_"): v for k, v in self.headers.items() if k in ("Content-Type", "Accept")}
        body = self.body if isinstance(self.body, bytes) else str(self.body or "").encode()
        try:
            status, answer, kind, variant = engine.invoke(name, body, headers)
        except ModelError as error:
            status, answer, kind, variant = 500, str(error).encode(), "text/plain", ""
        if status >= 300:
            return _model_error(status, answer)
        return 200, {"Content-Type": kind, "x-Amzn-Invoked-Production-Variant": variant}, answer

    def invoke_endpoint_async(self) -> TYPE_RESPONSE:
        raise refuse("InvokeEndpointAsync is not run offline; use InvokeEndpoint.")


def _model_error(status: int, answer: bytes) -> TYPE_RESPONSE:
    """ModelError (424): the container's status and its message, as AWS passes them on."""
    text = answer.decode(errors="replace")
    told = {
        "Message": f'Received client error ({status}) from primary with message "{text}".',
        "OriginalMessage": text,
        "OriginalStatusCode": status,
    }
    return 424, {"status": "424", "x-amzn-errortype": "ModelError"}, json.dumps(told)


url_bases = moto_urls.url_bases
url_paths = dict.fromkeys(moto_urls.url_paths, RuntimeResponses.dispatch)
