"""Play AWS Secrets Manager: a description can be taken away again, which moto takes for none given."""

from __future__ import annotations

from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend

from offline.engine import Engine


class SecretsManagerEngine(Engine, SecretsManagerBackend):
    """moto's secrets."""

    service = "secretsmanager"

    def update_secret(self, secret_id: str, *rest: Any, description: str | None = None, **named: Any) -> str:
        answer = super().update_secret(secret_id, *rest, description=description, **named)
        if description == "":
            self.secrets[secret_id].description = None
        return answer
