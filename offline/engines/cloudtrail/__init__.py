"""AWS CloudTrail: events of what the account was asked, delivered to buckets, with digests that are signed.

events.py     an event from each call
selectors.py  which of them a trail wants
trail.py      a trail's log files and digests
engine.py     the trails of a region
"""

from offline.engines.cloudtrail.engine import CloudTrailEngine

__all__ = ["CloudTrailEngine"]
