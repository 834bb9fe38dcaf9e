"""Rows of Amazon SageMaker."""

from __future__ import annotations

from offline.resources.sagemaker import features, hosting, notebook, pipeline, processing, registry

ROWS = (*features.ROWS, *hosting.ROWS, *notebook.ROWS, *pipeline.ROWS, *processing.ROWS, *registry.ROWS)
