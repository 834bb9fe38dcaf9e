"""moto's address of Step Functions, answered by the engine.

moto keeps its interpreter in a second backend beside the plain one; here there is one backend.
"""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.models import stepfunctions_backends
from moto.stepfunctions.responses import StepFunctionResponse
from moto.stepfunctions.urls import url_bases

__all__ = ["url_bases", "url_paths"]


class StepFunctionsResponses(StepFunctionResponse):
    """moto's responses over our backend."""

    @property
    def stepfunction_backend(self) -> Any:
        return stepfunctions_backends[self.current_account][self.region]


url_paths = {"{0}/$": StepFunctionsResponses.dispatch}
