"""Rows of Amazon SageMaker."""

from __future__ import annotations

from offline.resources.sagemaker import features, hosting, notebook, pipeline, registry

ROWS = (*features.ROWS, *hosting.ROWS, *notebook.ROWS, *pipeline.ROWS, *registry.ROWS)
