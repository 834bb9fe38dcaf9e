"""`python -m offline.containers.xgboost train|serve`."""

from __future__ import annotations

import sys

# XGBoost imports both where it finds them; the program needs neither, and they cost seconds. None is
# Python's own way to forbid an import, which typeshed does not know; so the imports stand below it.
sys.modules["sklearn"] = sys.modules["pandas"] = None  # type: ignore[assignment]

from offline.containers import toolkit  # noqa: E402
from offline.containers.xgboost.serve import serve  # noqa: E402
from offline.containers.xgboost.train import train  # noqa: E402

toolkit.run(train, serve)
