"""The page of a served account in a headless Chromium: it shows what is going on, and moves the clock."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, Page, expect

from offline.sandbox import Sandbox
from offline.server import Server
from tests_site.test_site import PHONE, Told, listened

STEALER = "<img src=x onerror=document.title='stolen'>"


def client(server: Server, service: str) -> Any:
    return boto3.session.Session().client(service, endpoint_url=server.url, region_name="us-east-1")


def opened(browser: Browser, server: Server, **options: Any) -> tuple[Page, Told]:
    page = browser.new_page(**options)
    told = listened(page, server.url)
    page.goto(server.url)
    expect(page.locator("#about")).to_contain_text("account 123456789012")
    return page, told


def test_the_page_shows_what_there_is_and_asks_no_other_host(browser: Browser, server: Server) -> None:
    client(server, "kinesis").create_stream(StreamName="flights", ShardCount=2)
    client(server, "s3").create_bucket(Bucket="lake")
    template = '{"Resources": {"Late": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}}}'
    client(server, "cloudformation").create_stack(StackName="labs", TemplateBody=template)
    page, told = opened(browser, server)
    expect(page.locator("#streams")).to_contain_text("flights")
    expect(page.locator("#buckets")).to_contain_text("lake")
    expect(page.locator("#stacks")).to_contain_text("AWS::Kinesis::Stream")
    expect(page.locator("#requests")).to_contain_text("kinesis.CreateStream flights")
    expect(page.locator("#alarm")).to_be_hidden()
    assert (told.errors, told.elsewhere) == ([], [])


def test_a_long_caller_leaves_room_for_what_was_asked(browser: Browser, server: Server) -> None:
    client(server, "s3").create_bucket(Bucket="lake")
    page, _ = opened(browser, server)
    expect(page.locator("#requests")).to_contain_text("s3.CreateBucket")
    share = page.evaluate(
        """() => {
            const row = document.querySelector("#requests tbody tr");
            row.querySelector(".caller").textContent = "x".repeat(300);
            return row.querySelector(".asked").offsetWidth / row.offsetWidth;
        }"""
    )
    assert share > 1 / 3


def test_the_page_refreshes_itself(browser: Browser, server: Server) -> None:
    page, _ = opened(browser, server)
    expect(page.locator("#requests")).to_contain_text("Nobody has asked")
    client(server, "kinesis").create_stream(StreamName="late", ShardCount=1)
    expect(page.locator("#streams")).to_contain_text("late")


def test_a_button_lets_time_pass(browser: Browser, server: Server) -> None:
    page, _ = opened(browser, server)
    expect(page.locator("#about")).to_contain_text("as the machine's clock")
    page.get_by_role("button", name="30 days").click()
    expect(page.locator("#about")).to_contain_text("30 days ahead")


def test_the_workers_failure_stands_on_the_page(
    browser: Browser, server: Server, served: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ValueError("the crawler lost its way")

    monkeypatch.setattr(served, "settle", broken)
    client(server, "kinesis").list_streams()
    page, _ = opened(browser, server)
    expect(page.locator("#alarm")).to_be_visible()
    expect(page.locator("#alarm-text")).to_contain_text("the crawler lost its way")


def test_names_are_shown_and_never_run(browser: Browser, server: Server) -> None:
    s3 = client(server, "s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key=STEALER, Body=b"")
    page, _ = opened(browser, server)
    expect(page.locator("#requests")).to_contain_text(STEALER)
    assert page.title() == "Offline account"
    assert page.locator("#requests img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_by_day_and_by_night(browser: Browser, server: Server, scheme: str) -> None:
    client(server, "s3").create_bucket(Bucket="a-bucket-with-a-very-long-name-of-many-parts-indeed")
    client(server, "kinesis").create_stream(StreamName="flights", ShardCount=1)
    page, _ = opened(browser, server, viewport=PHONE, color_scheme=scheme)
    expect(page.locator("#buckets")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    brightness = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).reduce((a, b) => a + Number(b), 0)"
    )
    assert (brightness > 382) == (scheme == "light")
