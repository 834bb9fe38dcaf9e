"""Lab 02, security: encryption four times over, policies that decide, network and audit.

inspection.py  what protects the lake, read back as an auditor would
encryption.py  an object under each of the four methods, and who opens it
doors.py       ACLs, public policies and presigned URLs, tried on the lake
audit.py       who decrypted what, by CloudTrail's log files and S3's own
matrix.py      policies against every kind of request, by IAM's own simulator
"""

from __future__ import annotations

from labs.evidence import Lab, Step
from labs.security import audit, doors, encryption, inspection, matrix

LAB = Lab(
    noun="security",
    title="Encryption, policies, network and audit",
    depends_on=("lake",),
    steps=(
        Step("key", "Look at the key", inspection.inspect_key),
        Step("encryption", "Encrypt in four ways", encryption.four_methods),
        Step("defaults", "Ask for less than the default", encryption.old_and_new),
        Step("doors", "Try the doors that stand open elsewhere", doors.try_doors),
        Step("decrypt", "Find out who may decrypt", matrix.who_may_decrypt),
        Step("policy", "Read the bucket policy", inspection.inspect_bucket_policy),
        Step("matrix", "Decide every kind of request", matrix.decide_all),
        Step("network", "Find the way to S3", inspection.inspect_network),
        Step("trail", "See who is watching", inspection.inspect_trail),
        Step("audit", "Find out who decrypted what", audit.who_decrypted_what),
        Step("logs", "Hold the log files against their digest", audit.hold_log_files),
        Step("roles", "Look for roles that may too much", inspection.inspect_roles),
    ),
    minutes=70,
    bills=(
        *("kms-key-month", "cloudtrail-data-event-100000", "s3-put-1000", "kms-request-10000"),
        "athena-scan-tb",
    ),
)
