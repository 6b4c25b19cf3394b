"""A real Chromium against a live server; whatever a page complains about fails the test that opened
it.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from stores.roles import Role
from tests.coupons.factories import Shop
from tests.processes import wait_until
from tests.schema_run import free_port
from tests.stores.factories import member

SCREENSHOTS = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium_path() -> str:
    """The browser to drive; skips (or fails, where browser tests are required) when there is
    none.
    """
    # Without the browser's own windows a page takes a sixth of the processor.
    found = (
        os.environ.get("CHROMIUM")
        or shutil.which("chromium-headless-shell")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
        or ""
    )
    if Path(found).is_file():
        return found
    message = "no Chromium found: install Debian's chromium package, or name one in CHROMIUM"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Browser]]:
    """Starts a Chromium with further command line arguments; all end with the session at the
    latest.
    """
    path = chromium_path()
    # Playwright keeps an event loop in this thread, which Django would take for an async caller.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        yield lambda *more: playwright.chromium.launch(
            executable_path=path, args=[*ARGUMENTS, *more]
        )


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    browser = launch()
    yield browser
    browser.close()


class Visitor:
    """Opens pages and writes down what they complain about: console errors, violations, other
    hosts.
    """

    def __init__(self, browser: Browser, url: str, closing: ExitStack) -> None:
        self.browser = browser
        self.url = url
        self.closing = closing
        self.complaints: list[str] = []

    def page(
        self, *, width: int = 1280, height: int = 860, user: User | None = None, **options: Any
    ) -> Page:
        """A page in a browser of its own; `user` is signed in already."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            base_url=self.url,
            locale="zh-CN",
            **options,
        )
        self.closing.callback(context.close)
        return self.page_in(context, user)

    def page_in(self, context: BrowserContext, user: User | None = None) -> Page:
        """A page in a browser that is open already."""
        context.on("request", self._requested)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.complaints.append(f"script error: {error.error}"))
        if user:
            self._sign_in(context, user)
        return context.new_page()

    def _requested(self, request: Request) -> None:
        address = urlsplit(request.url)
        if (
            address.scheme in ("http", "https", "ws", "wss")
            and f"{address.scheme}://{address.netloc}" != self.url
        ):
            self.complaints.append(f"a request left the site: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            place = message.location.get("url", "")
            self.complaints.append(f"console {message.type}: {message.text} {place}")

    def _sign_in(self, context: BrowserContext, user: User) -> None:
        client = Client()
        client.force_login(user)
        name = django_settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.url}])


@pytest.fixture
def visitor(browser: Browser, live_server: LiveServer, transactional_db: None) -> Iterator[Visitor]:
    with ExitStack() as closing:
        visitor = Visitor(browser, live_server.url, closing)
        yield visitor
    assert visitor.complaints == []


@pytest.fixture
def window(launch: Callable[..., Browser]) -> Iterator[BrowserContext]:
    """A browser whose pages `minimize` hides as a person does: Playwright keeps those visible that
    it makes in browsers of its own, not those in one that was there before.
    """
    port = free_port()
    with ExitStack() as closing:
        browser = launch(f"--remote-debugging-port={port}")
        closing.callback(browser.close)
        seen = browser.browser_type.connect_over_cdp(f"http://127.0.0.1:{port}", no_defaults=True)
        closing.callback(seen.close)
        yield seen.contexts[0]


def minimize(page: Page) -> None:
    """Minimizes the window of a page of `window`: the page is hidden."""
    _set_window(page, "minimized")
    wait_until(lambda: page.evaluate("document.visibilityState") == "hidden")


def restore(page: Page) -> None:
    _set_window(page, "normal")
    wait_until(lambda: page.evaluate("document.visibilityState") == "visible")


def _set_window(page: Page, state: str) -> None:
    line = page.context.new_cdp_session(page)
    number = line.send("Browser.getWindowForTarget")["windowId"]
    line.send("Browser.setWindowBounds", {"windowId": number, "bounds": {"windowState": state}})
    line.detach()


@pytest.fixture
def clerk(shop: Shop) -> User:
    return member(shop.merchant, Role.CLERK, shop.store, username="xiaowang", first_name="小王")


@pytest.fixture
def counter(visitor: Visitor, clerk: User) -> Page:
    page = visitor.page(user=clerk)
    page.goto("/counter/")
    listens(page)
    return page


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    """Keeps a picture for the README when SCREENSHOTS=1; otherwise does nothing."""

    def keep(page: Page, name: str) -> None:
        if os.environ.get("SCREENSHOTS") == "1":
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return keep


@pytest.fixture
def kept() -> Callable[[Page, str], None]:
    """Fails for a page that is cut; keeps a picture of the whole page in the folder PICTURES."""

    def keep(page: Page, name: str) -> None:
        assert fits(page), name
        if folder := os.environ.get("PICTURES"):
            width = page.viewport_size["width"] if page.viewport_size else 0
            page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)

    return keep


def listens(page: Page) -> None:
    """Waits until a scan can no longer be the rest of one that began before the page did."""
    opened = "performance.getEntriesByType('navigation')[0].domInteractive"
    page.wait_for_timeout(max(0, 400 - page.evaluate(f"performance.now() - {opened}")))


def scan(page: Page, code: str) -> None:
    """As a scanner does: types wherever the focus is, then Enter."""
    listens(page)
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def spent(shop: Shop) -> list[str]:
    """The last four digits of every verify that reached the gateway, except those its rate limit
    turned away.

    On a busy machine a call can arrive late enough to meet the next one; that one is then sent
    again.
    """
    arrivals = shop.sandbox.arrivals.all(operation="verify")
    return [arrival.code_tail for arrival in arrivals if arrival.outcome != "blocked"]


def fits(page: Page) -> bool:
    """Whether nothing makes the page scroll sideways."""
    return bool(
        page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    )
