"""What browsers are told of other origins, over HTTP, as AWS tells it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from offline.server import Server
from tests.offline.server.wire import Got, send, signed_for

SITE = "https://app.example.com"
RULE = {
    "AllowedOrigins": ["https://*.example.com"],
    "AllowedMethods": ["GET", "PUT"],
    "AllowedHeaders": ["Content-*", "x-amz-date"],
    "ExposeHeaders": ["ETag", "x-amz-request-id"],
    "MaxAgeSeconds": 3000,
}


def s3() -> Any:
    return boto3.client("s3")


def put(*rules: dict[str, Any]) -> None:
    s3().put_bucket_cors(Bucket="box", CORSConfiguration={"CORSRules": list(rules)})


@pytest.fixture
def server(sandbox: Sandbox) -> Server:
    """An account with a bucket and an object in it."""
    s3().create_bucket(Bucket="box")
    s3().put_object(Bucket="box", Key="a", Body=b"1")
    sandbox.serve()
    assert sandbox.server is not None
    return sandbox.server


def ask(
    server: Server, path: str = "/box/a", origin: str = SITE, method: str = "PUT", names: str = ""
) -> Got:
    """A preflight, which browsers never sign; without what is empty."""
    given = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": names,
    }
    return send(server, "OPTIONS", path, headers={name: value for name, value in given.items() if value})


def of_cors(got: Got) -> dict[str, str]:
    return {name: value for name, value in got.headers.items() if name.startswith(("access-", "vary"))}


def test_a_preflight_that_nobody_signed_is_answered_from_the_rules(server: Server) -> None:
    put(RULE)
    got = ask(server, names="Content-Type, X-Amz-Date")
    assert (got.status, got.body) == (200, b"")
    assert of_cors(got) == {
        "access-control-allow-origin": SITE,
        "access-control-allow-methods": "GET, PUT",
        "access-control-allow-headers": "content-type, x-amz-date",
        "access-control-expose-headers": "ETag, x-amz-request-id",
        "access-control-max-age": "3000",
        "access-control-allow-credentials": "true",
        "vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    }
    assert ask(server, "/box").status == 200
    assert ask(server, "/box/none?uploadId=none&partNumber=1").status == 200


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"origin": "https://example.com"}, 403, ["This CORS request is not allowed", "OBJECT", "PUT"]),
        ({"method": "DELETE"}, 403, ["This CORS request is not allowed", "DELETE"]),
        ({"names": "content-type, x-other"}, 403, ["This CORS request is not allowed"]),
        ({"path": "/box", "method": "POST"}, 403, ["This CORS request is not allowed", "BUCKET"]),
        ({"path": "/none/a"}, 403, ["CORSResponse: Bucket not found", "BUCKET"]),
        ({"origin": ""}, 400, ["BadRequest", "Origin request header needed"]),
        ({"method": ""}, 400, ["BadRequest", "Invalid Access-Control-Request-Method: null"]),
    ],
)
def test_refuses_a_preflight_that_no_rule_answers(
    server: Server, asked: dict[str, str], status: int, told: list[str]
) -> None:
    put(RULE)
    got = ask(server, **asked)
    assert got.status == status
    assert not of_cors(got)
    text = got.body.decode()
    assert ("AccessForbidden" if status == 403 else "BadRequest") in text
    assert all(word in text for word in told), text


def test_refuses_every_preflight_where_there_are_no_rules(server: Server) -> None:
    got = ask(server)
    assert (got.status, b"CORS is not enabled for this bucket." in got.body) == (403, True)
    put(RULE)
    assert ask(server).status == 200
    s3().delete_bucket_cors(Bucket="box")
    assert ask(server).status == 403


def test_the_first_rule_that_matches_answers_and_anybody_brings_no_credentials(server: Server) -> None:
    everyone = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}
    put({**RULE, "AllowedMethods": ["PUT"]}, everyone)
    told = of_cors(ask(server, method="GET"))
    assert (told["access-control-allow-origin"], told["access-control-allow-methods"]) == ("*", "GET")
    assert "access-control-allow-credentials" not in told
    assert "access-control-max-age" not in told
    assert of_cors(ask(server, method="PUT"))["access-control-allow-origin"] == SITE


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/box/a", 200), ("GET", "/box/none", 404), ("PUT", "/box/b", 200), ("GET", "/box", 200)],
)
def test_what_a_rule_allows_is_told_with_every_answer(
    server: Server, method: str, path: str, status: int
) -> None:
    put(RULE)
    got = send(server, method, path, headers=signed_for("s3") | {"Origin": SITE})
    assert got.status == status
    assert of_cors(got)["access-control-allow-origin"] == SITE
    assert of_cors(got)["access-control-expose-headers"] == "ETag, x-amz-request-id"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("GET", {"Origin": "https://other.com"}),
        ("DELETE", {"Origin": SITE}),
        ("GET", {"Origin": SITE, "Access-Control-Request-Method": "DELETE"}),
    ],
)
def test_what_no_rule_allows_is_served_and_the_browser_told_nothing(
    server: Server, method: str, headers: dict[str, str]
) -> None:
    put(RULE)
    got = send(server, method, "/box/a", headers=signed_for("s3") | headers)
    assert got.status in (200, 204)
    assert of_cors(got) == {}


def test_a_refused_answer_tells_the_browser_as_well(server: Server) -> None:
    put(RULE)
    got = send(server, "GET", "/box/a", headers={"Origin": SITE})
    assert (got.status, of_cors(got)["access-control-allow-origin"]) == (403, SITE)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"AllowedOrigins": ["*.a.*"]}, r'AllowedOrigin "\*\.a\.\*" can not have more than one wildcard'),
        ({"AllowedHeaders": ["**"]}, r'AllowedHeader "\*\*" can not have more than one wildcard'),
        ({"ExposeHeaders": ["x-*"]}, r'ExposeHeader "x-\*" contains wildcard'),
        ({"AllowedMethods": ["PATCH"]}, "Unsupported method is PATCH"),
    ],
)
def test_refuses_rules_that_s3_does_not_keep_and_keeps_those_it_has(
    server: Server, changed: dict[str, Any], told: str
) -> None:
    put(RULE)
    with pytest.raises(ClientError, match=f"InvalidRequest.*{told}"):
        put({**RULE, **changed})
    assert s3().get_bucket_cors(Bucket="box")["CORSRules"] == [RULE]
