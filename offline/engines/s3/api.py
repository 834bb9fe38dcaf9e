"""Requests to Amazon S3: each passes the gate, then what S3 checks of it, before moto serves it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from secrets import token_hex
from time import perf_counter
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

import xmltodict
from moto.core.responses import ActionResult
from moto.s3 import urls as moto_urls
from moto.s3.exceptions import (
    AccessForbidden,
    InvalidArgumentError,
    InvalidObjectState,
    MalformedXML,
    MethodNotAllowed,
    MissingKey,
    MissingVersion,
    NoSuchLifecycleConfiguration,
    NoSuchUpload,
    PreconditionFailed,
    S3ClientError,
)
from moto.s3.models import FakeKey, s3_backends
from moto.s3.responses import S3Response

from offline import audit
from offline.changes import note, serving, unnoted
from offline.clock import clock
from offline.engines.s3 import (
    archive,
    cors,
    customer_keys,
    integrity,
    lifecycle,
    notifications,
    presigned,
    public,
    server_logs,
)
from offline.engines.s3.access import Access
from offline.engines.s3.notifications import REQUEST_ID
from offline.engines.s3.served import Served, error_of
from offline.iam.callers import caller_of, calling, enter
from offline.iam.gatekeeper import AccessDeniedError

READING = ("GET", "HEAD", "OPTIONS")
ID_IN_BODY = re.compile(r"(?<=<RequestId>).*(?=</RequestId>)")


class DeniedError(S3ClientError):
    """A policy denies the request, or none allows it."""

    code = "AccessDenied"


DELETING_MANY: ContextVar[frozenset[str] | None] = ContextVar("deleting_many", default=None)
"""Within one DeleteObjects, where moto asks key by key: those of which a version is deleted."""


@lru_cache(maxsize=1024)
def _names_bucket(host: str) -> bool:
    """Whether a host's name begins with that of a bucket; moto asks several times in one request."""
    return bool(S3Response.subdomain_based_buckets(SimpleNamespace(headers={"host": host})))


class S3Api(S3Response):
    """One request: it passes the gate before moto serves it."""

    def bucket_response(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with calling(None), serving(request.method in READING):
            return self._recorded(super().bucket_response, request, *args, **kwargs)

    def key_response(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with calling(None), serving(request.method in READING):
            return self._recorded(super().key_response, request, *args, **kwargs)

    def _recorded(self, serve: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Serve the request, and tell what was answered to those who keep records."""
        started = perf_counter()
        status, headers, body = answer = serve(*args, **kwargs)
        bucket = self.backend.buckets.get(self.bucket_name) if self.bucket_name else None
        if bucket is not None and bucket.cors and self.method != "OPTIONS":
            headers.update(cors.allowed(bucket, self.headers, self.method))
        if (bucket is not None and bucket.logging) or audit.trails(self.current_account):
            served = self._served(int(status), headers, body, perf_counter() - started)
            if bucket is not None and server_logs.hear(bucket, served):
                note(self.backend)
            if self.method != "OPTIONS":
                audit.of_request(served, self.current_account)
        return answer

    def _served(self, status: int, headers: Any, body: Any, seconds: float) -> Served:
        error, message = error_of(status, body)
        key = unquote(self.parse_key_name()) if self.bucket_name else ""
        deleting = self.method == "POST" and "delete" in self.given
        told = {str(name).lower(): str(value) for name, value in headers.items()}
        size = len(self.body or b"") if self.method == "PUT" else told.get("content-length")
        return Served(
            at=clock.now(),
            caller=self.caller,
            method=self.method,
            target=self.parsed_url.path + (f"?{self.parsed_url.query}" if self.parsed_url.query else ""),
            bucket=self.bucket_name or "",
            key=key,
            query=self.given,
            headers={str(name).lower(): str(value) for name, value in self.headers.items()},
            region=self.region,
            status=status,
            answer=told,
            error=error,
            message=message,
            received=len(self.body or b""),
            sent=0 if self.method == "HEAD" else len(body or b""),
            seconds=seconds,
            id=told.get("x-amz-request-id", ""),
            object_size=int(size) if key and size is not None and status < 400 else None,
            deleted=_named_keys(self.body) if deleting and not error else [],
        )

    @staticmethod
    def subdomain_based_buckets(request: Any) -> bool:
        host = request.headers.get("host")
        return _names_bucket(host) if host else S3Response.subdomain_based_buckets(request)

    @staticmethod
    def _enrich_response(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
        """An id as S3's are: 16 digits, the same in the headers as in the XML."""
        headers["x-amz-request-id"] = id = REQUEST_ID.get()
        if "status" in headers:
            headers["status"] = str(headers["status"])
        if isinstance(body, str):
            body = ID_IN_BODY.sub(id, body)
        return headers, body

    def setup_class(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup_class(request, *args, **kwargs)
        REQUEST_ID.set(token_hex(8).upper())
        self.given = dict(parse_qsl(self.parsed_url.query, keep_blank_values=True))
        with unnoted():
            self.caller = enter(caller_of(self.headers, self.given, self.current_account, self.region))
        if request.method not in READING:
            self.backend.changed = True

    def _authenticate_and_authorize_s3_action(
        self, bucket_name: str | None = None, key_name: str | None = None
    ) -> None:
        if self.data.get("Action") == "DeleteObject" and self.method == "POST":
            return  # DeleteObjects is decided key by key.
        presigned.check(self.given)
        try:
            with unnoted():
                self.access(bucket_name, key_name).check()
        except AccessDeniedError as error:
            raise DeniedError(error.message) from None
        if self.method in ("PUT", "POST"):
            self._check_acl(bucket_name, key_name)
        if bucket_name in s3_backends.bucket_accounts and key_name:
            bucket = self.backend.get_bucket(str(bucket_name))
            customer_keys.check(self.method, self.headers, self.given, bucket, key_name)

    def _check_acl(self, bucket_name: str | None, key_name: str | None) -> None:
        """Block Public Access, or ownership that knows no ACLs, refuses an ACL that policies allow."""
        resource = f"arn:{self.backend.partition}:s3:::{bucket_name}"
        headers = {str(name).lower(): str(value) for name, value in self.headers.items()}
        if bucket_name not in s3_backends.bucket_accounts:
            if key_name is None:
                public.check_new(headers)
            return
        bucket = self.backend.get_bucket(str(bucket_name))
        told = "acl" in self.given and "x-amz-acl" not in self.headers and self.body
        if not public.check_acl(bucket, headers, self._acl_from_body() if told else None):
            action = "s3:PutObjectAcl" if key_name else "s3:PutBucketAcl"
            where = f"{resource}/{key_name}" if key_name else resource
            who, what = self.caller.principal.text, "public access control lists (ACLs) are"
            raise DeniedError(public.blocked(who, action, where, what, "BlockPublicAcls"))

    def put_object_acl(self) -> Any:
        """The ACL of the headers or of the body, which moto does not read."""
        if self._acl_from_headers(self.headers) is None and self.body:
            acl = self._acl_from_body()
            self.backend.put_object_acl(self.bucket_name, self.parse_key_name(), acl)
            answer: Any = (200, self._get_cors_headers_other(), "")
        else:
            answer = super().put_object_acl()
        self._happened("s3:ObjectAcl:Put")
        return answer

    def put_object_tagging(self) -> Any:
        answer = super().put_object_tagging()
        self._happened("s3:ObjectTagging:Put")
        return answer

    def delete_object_tagging(self) -> Any:
        answer = super().delete_object_tagging()
        self._happened("s3:ObjectTagging:Delete")
        return answer

    def _happened(self, event: str) -> None:
        bucket, version = self.backend.get_bucket(self.bucket_name), self.given.get("versionId")
        if bucket.notification_configuration is None:
            return
        key = self.backend.get_object(self.bucket_name, self.parse_key_name(), version_id=version)
        notifications.happened(bucket, event, key)

    def get_bucket_notification(self) -> Any:
        configuration = self.backend.get_bucket_notification_configuration(self.bucket_name)
        self.data["Action"] = "GetBucketNotificationConfiguration"
        return self.serialized(ActionResult(notifications.answer(configuration) if configuration else {}))

    def _bucket_response_delete_keys(self, bucket_name: str, authenticated: bool = True) -> Any:
        listed = _named(self.body)
        token = DELETING_MANY.set(frozenset(one["Key"] for one in listed if one.get("VersionId")))
        try:
            return super()._bucket_response_delete_keys(bucket_name, authenticated)
        finally:
            DELETING_MANY.reset(token)

    def access(self, bucket_name: str | None, key_name: str | None) -> Access:
        bucket = None
        if bucket_name and bucket_name in s3_backends.bucket_accounts:
            bucket = self.backend.get_bucket(bucket_name)
        return Access(self, self.caller, bucket, bucket_name, key_name)

    def _preflight(self, key: str) -> Any:
        bucket = self.backend.buckets.get(self.bucket_name)
        try:
            return 200, cors.preflight(bucket, self.headers), ""
        except AccessForbidden as error:
            status, headers, body = self.serialized(ActionResult(error))
            about = {
                "Method": self.headers.get("Access-Control-Request-Method") or "OPTIONS",
                "ResourceType": "OBJECT" if key and bucket is not None and bucket.cors else "BUCKET",
            }
            told = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in about.items())
            return status, headers, body.replace("<RequestId>", f"{told}<RequestId>")

    def _get_cors_headers_other(self) -> dict[str, Any]:
        """What is told of other origins is added to every answer alike, of an error as well."""
        return {}

    def _key_response(self, request: Any, full_url: str) -> Any:
        if request.method == "OPTIONS":
            return self._preflight(self.parse_key_name())
        integrity.check_key(self.parse_key_name())
        self._check_upload(request.args.get("uploadId"))
        return super()._key_response(request, full_url)

    def _check_upload(self, id: str | None) -> None:
        """A request that goes on with an upload names one that exists."""
        known = s3_backends.bucket_accounts
        if id is None or self.bucket_name not in known:
            return
        if id not in self.backend.get_bucket(self.bucket_name).multiparts:
            raise NoSuchUpload(id)

    def _handle_range_header(self, request: Any, headers: dict[str, Any], content: Any) -> Any:
        """The bytes that were asked for; what is no range is no such request, and gets all."""
        if "=" not in request.headers.get("range", ""):
            return 200, headers, content
        return super()._handle_range_header(request, headers, content)

    def _bucket_response_post(self, request: Any, bucket_name: str) -> Any:
        if "delete" not in request.args and "key" not in self.querystring:
            raise InvalidArgumentError("Bucket POST must contain a field named 'key'.", "key", "")
        return super()._bucket_response_post(request, bucket_name)

    def _set_action(self, resource: str, method: str, query: dict[str, Any]) -> None:
        try:
            super()._set_action(resource, method, query)
        except KeyError:
            raise MethodNotAllowed(method, resource) from None

    def _acl_from_headers(self, headers: Any) -> Any:
        try:
            return super()._acl_from_headers(headers)
        except (AttributeError, KeyError):
            raise InvalidArgumentError("Argument format not recognized", "x-amz-grant", "") from None

    def put_object(self) -> Any:
        integrity.check_tags(self._tagging_from_headers(self.headers))
        integrity.check_md5(self.body or b"", self.headers.get("Content-MD5"))
        return super().put_object()

    def upload_part(self) -> Any:
        integrity.check_md5(self.body or b"", self.headers.get("Content-MD5"))
        self._get_checksum({})
        return super().upload_part()

    def _get_checksum(self, response_headers: dict[str, Any]) -> tuple[str, str | None]:
        """The checksum that came with the body, verified; moto reads only those that the SDK chose."""
        body = self.body or b""
        algorithm, value = integrity.stated(self.headers, self.raw_body)
        if algorithm:
            value = integrity.checked(body, algorithm, value)
            response_headers[f"x-amz-checksum-{algorithm.lower()}"] = value
        return algorithm, value

    def _get_key(self, validate_storage_class: bool = True) -> tuple[FakeKey, bool]:
        """The object; only reading its contents needs it out of the archive, and counts as access."""
        key, not_modified = super()._get_key(validate_storage_class=False)
        if self.data["Action"] in ("GetObject", "GetObjectVersion"):
            if key.closed():
                raise InvalidObjectState(storage_class=key.storage_class)
            key.read()
        return key, not_modified

    def _key_response_post(
        self, request: Any, body: bytes, bucket_name: str, query: dict[str, Any], key_name: str
    ) -> Any:
        if "restore" in query:
            return self._restore(body, bucket_name, query, key_name)
        if query.get("uploadId"):
            self._check_still_the_same(bucket_name, key_name)
        return super()._key_response_post(request, body, bucket_name, query, key_name)

    def _check_still_the_same(self, bucket_name: str, key_name: str) -> None:
        """An upload completed with If-Match replaces only the object it names."""
        wanted, found = self.headers.get("If-Match"), self.backend.get_object(bucket_name, key_name)
        if wanted and found is None:
            raise MissingKey(key=key_name)
        if wanted and found.etag.strip('"') != wanted.strip('"'):
            raise PreconditionFailed("If-Match")

    def _restore(self, body: bytes, bucket_name: str, query: dict[str, Any], key_name: str) -> Any:
        self._set_action("KEY", "POST", query)
        self._authenticate_and_authorize_s3_action(bucket_name=bucket_name, key_name=key_name)
        document = xmltodict.parse(body)
        if "RestoreRequest" not in document:
            raise MalformedXML
        asked = document["RestoreRequest"] or {}
        if set(asked) - {"@xmlns", "Days", "Tier", "GlacierJobParameters"}:
            raise integrity.NotImplementedHereError(
                f"of RestoreObject only Days and Tier, got {sorted(asked)}"
            )
        version = query.get("versionId", [None])[0]
        key = self.backend.get_object(bucket_name, key_name, version_id=version)
        if key is None:
            raise MissingVersion() if version else MissingKey(key=key_name)
        speed = (asked.get("GlacierJobParameters") or asked).get("Tier") or "Standard"
        again = key.bring_back(int(asked["Days"]) if "Days" in asked else None, speed)
        return (200 if again else 202), {}, ""

    def _bucket_response(self, request: Any, full_url: str) -> Any:
        if request.method == "OPTIONS" and self.bucket_name:
            return self._preflight("")
        query = self._get_querystring(request, full_url)
        if "intelligent-tiering" not in query:
            return super()._bucket_response(request, full_url)
        name = self.parse_bucket_name_from_url(request, full_url)
        self.data |= {
            "BucketName": name,
            "Action": f"{request.method.capitalize()}IntelligentTieringConfiguration",
        }
        self._authenticate_and_authorize_s3_action(bucket_name=name)
        return self._tierings(
            request.method, self.backend.get_bucket(name).tierings, query.get("id", [""])[0]
        )

    def _tierings(self, method: str, tierings: dict[str, archive.Tiering], id: str) -> Any:
        if method == "PUT":
            parsed = xmltodict.parse(self.body)["IntelligentTieringConfiguration"]
            tierings[id] = archive.parse(parsed, id)
        elif method == "GET" and not id:
            self.data["Action"] = "ListBucketIntelligentTieringConfigurations"
            found = [archive.answer(one) for one in tierings.values()]
            return self.serialized(
                ActionResult({"IsTruncated": False, "IntelligentTieringConfigurationList": found})
            )
        elif id not in tierings:
            raise archive.NoSuchConfigurationError
        elif method == "GET":
            self.data["Action"] = "GetBucketIntelligentTieringConfiguration"
            return self.serialized(
                ActionResult({"IntelligentTieringConfiguration": archive.answer(tierings[id])})
            )
        else:
            del tierings[id]
            return 204, {}, ""
        return 200, {}, ""

    def get_bucket_lifecycle(self) -> Any:
        """The rules with their sizes, which moto forgets."""
        self.data["Action"] = "GetBucketLifecycleConfiguration"
        rules = self.backend.get_bucket(self.bucket_name).lifecycle
        if not rules:
            raise NoSuchLifecycleConfiguration(bucket_name=self.bucket_name)
        return self.serialized(ActionResult({"Rules": lifecycle.answer(rules)}))


def _named(body: bytes) -> list[dict[str, str]]:
    """The objects that a DeleteObjects names."""
    named = xmltodict.parse(body).get("Delete", {}).get("Object") or []
    return named if isinstance(named, list) else [named]


def _named_keys(body: bytes) -> list[str]:
    return [one["Key"] for one in _named(body)]


class Urls:
    """moto's routes of S3, with our response class behind them."""

    url_bases = moto_urls.url_bases
    url_paths = {path: getattr(S3Api, handler.__name__) for path, handler in moto_urls.url_paths.items()}
