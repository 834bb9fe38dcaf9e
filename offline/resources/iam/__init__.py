"""Rows of AWS Identity and Access Management."""

from __future__ import annotations

from offline.resources.iam import group, policy, profile, role, user

ROWS = (*role.ROWS, *user.ROWS, *group.ROWS, *policy.ROWS, *profile.ROWS)
