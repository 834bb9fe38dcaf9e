"""Refusals in the forms that AWS's protocols have for them.

Source: Smithy, "AWS protocols" (JSON 1.0/1.1, restJson1, restXml, Query, EC2 Query) and "Smithy RPC v2 CBOR";
Amazon S3 API Reference, "Error responses".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Refusal:
    """An error as AWS names it."""

    code: str
    message: str
    status: int = 400

    @property
    def sender(self) -> bool:
        """Whether the fault is the client's."""
        return self.status < 500


def refused(refusal: Refusal, protocol: str, content_type: str = "") -> Answer:
    """The refusal in the form of a protocol, named as botocore names it.

    >>> refused(Refusal("NoSuchBucket", "no <b>", 404), "s3").body[39:102]
    b'<Error><Code>NoSuchBucket</Code><Message>no &lt;b&gt;</Message>'
    """
    id_ = str(uuid.uuid4())
    kind, body = FORMS[protocol](refusal, id_, content_type)
    headers = {"content-type": kind, "x-amzn-requestid": id_, "x-amzn-errortype": refusal.code}
    return Answer(refusal.status, headers, body)


def _json(refusal: Refusal, id_: str, content_type: str) -> tuple[str, bytes]:
    kind = content_type if content_type.startswith("application/x-amz-json") else "application/json"
    return kind, json.dumps({"__type": refusal.code, "message": refusal.message}).encode()


def _query(refusal: Refusal, id_: str, content_type: str) -> tuple[str, bytes]:
    fault = "Sender" if refusal.sender else "Receiver"
    error = f"<Error><Type>{fault}</Type>{_members(refusal)}</Error>"
    return _xml(f"<ErrorResponse>{error}<RequestId>{id_}</RequestId></ErrorResponse>")


def _ec2(refusal: Refusal, id_: str, content_type: str) -> tuple[str, bytes]:
    errors = f"<Errors><Error>{_members(refusal)}</Error></Errors>"
    return _xml(f"<Response>{errors}<RequestID>{id_}</RequestID></Response>")


def _s3(refusal: Refusal, id_: str, content_type: str) -> tuple[str, bytes]:
    return _xml(f"<Error>{_members(refusal)}<RequestId>{id_}</RequestId></Error>")


def _members(refusal: Refusal) -> str:
    return f"<Code>{escape(refusal.code)}</Code><Message>{escape(printable(refusal.message))}</Message>"


def printable(text: str) -> str:
    r"""XML has no form at all for most control characters.

    >>> printable("a\x00b\n")
    'a\ufffdb\n'
    """
    return "".join(one if one.isprintable() or one in "\t\n" else "\ufffd" for one in text)


def _xml(text: str) -> tuple[str, bytes]:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return "application/xml", (head + text).encode(errors="replace")


def _cbor(refusal: Refusal, id_: str, content_type: str) -> tuple[str, bytes]:
    members = {"__type": refusal.code, "message": refusal.message}
    kind = content_type if "cbor" in content_type else "application/cbor"
    return kind, cbor_of_texts(members)


def cbor_of_texts(members: Mapping[str, str]) -> bytes:
    """A map of texts to texts in CBOR (RFC 8949).

    >>> cbor_of_texts({"a": "bc"}).hex()
    'a16161626263'
    """
    head = bytes([0xA0 + len(members)])
    return head + b"".join(_cbor_text(text) for pair in members.items() for text in pair)


def _cbor_text(text: str) -> bytes:
    content = text.encode(errors="replace")
    if len(content) < 24:
        return bytes([0x60 + len(content)]) + content
    return b"\x7a" + len(content).to_bytes(4, "big") + content


FORMS: dict[str, Callable[[Refusal, str, str], tuple[str, bytes]]] = {
    "json": _json,
    "rest-json": _json,
    "query": _query,
    "ec2": _ec2,
    "rest-xml": _query,
    "s3": _s3,
    "cbor": _cbor,
}
"""By protocol; Amazon S3 has a form of its own."""
