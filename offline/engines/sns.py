"""Play Amazon SNS: what is set on a topic is told again.

moto keeps every attribute that it is given and tells a few.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sns import urls as moto_urls
from moto.sns.models import SNSBackend
from moto.sns.responses import SNSResponse

from offline.engine import Engine

PROTOCOLS = ("Application", "Firehose", "HTTP", "Lambda", "SQS")
FEEDBACK = ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
KEPT = (
    "FifoThroughputScope",
    "SignatureVersion",
    "TracingConfig",
    *(f"{protocol}{feedback}" for protocol in PROTOCOLS for feedback in FEEDBACK),
)


class Responses(SNSResponse):
    """moto's responses, with the attributes it leaves out."""

    def get_topic_attributes(self) -> ActionResult:
        answer = super().get_topic_attributes()
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        told = {name: getattr(topic, camelcase_to_underscores(name), None) for name in KEPT}
        answer.result["Attributes"] |= {name: value for name, value in told.items() if value}
        return answer


class SnsEngine(Engine, SNSBackend):
    """moto's topics."""

    service = "sns"

    @property
    def _url_module(self) -> Any:
        return Urls


class Urls:
    """moto's routes of SNS, with our response class behind them."""

    url_bases = moto_urls.url_bases
    url_paths = {
        path: Responses.dispatch if getattr(route, "__name__", "") == "dispatch" else route
        for path, route in moto_urls.url_paths.items()
    }
