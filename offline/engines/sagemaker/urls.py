"""moto's address of SageMaker, answered by our responses."""

from __future__ import annotations

from moto.sagemaker.urls import url_bases

from offline.engines.sagemaker.responses import SageMakerResponses

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": SageMakerResponses.dispatch}
