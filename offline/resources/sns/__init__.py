"""Rows of Amazon SNS."""

from __future__ import annotations

from offline.resources.sns import policy, subscription, topic

ROWS = (*topic.ROWS, *subscription.ROWS, *policy.ROWS)
