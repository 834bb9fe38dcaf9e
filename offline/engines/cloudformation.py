"""Play AWS CloudFormation: stacks are resolved here and created by the resource rows.

moto's own CloudFormation skips unknown types and drops properties; none of it is used but the
request layer. What a row cannot create fails the stack, which is rolled back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlparse

import boto3
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.core.base_backend import BaseBackend

from offline.cloudformation import urls
from offline.cloudformation.stack import Stack
from offline.cloudformation.template import Template
from offline.engine import Engine
from offline.errors import TemplateError


class CloudFormationEngine(Engine, BaseBackend):
    """The stacks of one region."""

    service = "cloudformation"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.stacks: dict[str, Stack] = {}

    @property
    def _url_module(self) -> Any:
        return urls

    def resume(self) -> bool:
        """A stack that was being worked on has failed where it stood; deleting it works as ever."""
        midst = [stack for stack in self.stacks.values() if stack.status.endswith("_IN_PROGRESS")]
        for stack in midst:
            stack.interrupt()
        return bool(midst)

    def living(self) -> list[Stack]:
        return [stack for stack in self.stacks.values() if stack.status != "DELETE_COMPLETE"]

    def stack(self, name: str) -> Stack:
        """The living stack of a name, or any stack of an id."""
        if name in self.stacks:
            return self.stacks[name]
        for stack in self.living():
            if stack.name == name:
                return stack
        raise ValidationError(name)

    def create_stack(self, name: str, body: str, parameters: dict[str, str], tags: dict[str, str]) -> Stack:
        if any(stack.name == name for stack in self.living()):
            raise AlreadyExistsException(f"Stack [{name}] already exists")
        try:
            template = Template.parse(body)
        except TemplateError as error:
            raise ValidationError(message=str(error)) from None
        id_ = f"arn:aws:cloudformation:{self.region_name}:{self.account_id}:stack/{name}/{uuid.uuid4()}"
        stack = Stack(name, id_, self.account_id, self.region_name, template, parameters, tags, self.exported)
        self.stacks[id_] = stack
        stack.create()
        return stack

    def delete_stack(self, name: str) -> None:
        """The stack is gone; naming one that does not exist is no error, as on AWS."""
        try:
            stack = self.stack(name)
        except ValidationError:
            return
        importers = sorted(other.name for other in self._importers(stack))
        if importers:
            raise ValidationError(
                message=f"Export of stack {stack.name} cannot be deleted as it is in use by "
                + ", ".join(importers)
            )
        stack.delete()

    def exported(self, name: str) -> str:
        """The value that some stack exports under a name."""
        for stack in self.living():
            for exported, value in stack.exports():
                if exported == name:
                    return value
        raise TemplateError(f"No export named {name} found.")

    def _importers(self, stack: Stack) -> Iterator[Stack]:
        names = {name for name, _ in stack.exports()}
        yield from (other for other in self.living() if other.resources and other.imported & names)

    def template_at(self, url: str) -> str:
        """The template that lies at an S3 address, path style or virtual-hosted."""
        parsed = urlparse(url)
        path = unquote(parsed.path).lstrip("/")
        if parsed.netloc.startswith(("s3.", "localhost", "127.0.0.1")):
            bucket, key = path.split("/", 1)
        else:
            bucket, key = parsed.netloc.split(".s3", 1)[0], path
        s3 = boto3.client("s3", region_name=self.region_name)
        return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
