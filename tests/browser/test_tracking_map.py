"""The receiver's page with a map: tiles of a server of its own, and what happens without them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from tests.browser.conftest import Visitor
from tests.browser.pictures import png_of
from tests.delivery.tracking.seeing import S, ago, called, path, placed, riding, told


class Tiles:
    """A server of tiles on loopback; `asked` are its requests, as (path, referrer)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.status = 200
        content, seen = (
            png_of([bytearray([225] * 255 + [150])] * 255 + [bytearray([150] * 256)]),
            self,
        )

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.asked.append((self.path, self.headers["Referer"]))
                self.send_response(seen.status)
                self.send_header("Content-Type", "image/png")
                self.end_headers()
                if seen.status == 200:
                    self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def serving() -> Iterator[Tiles]:
    made = Tiles()
    thread = Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join(5)


@pytest.fixture
def tiles(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tiles]:
    monkeypatch.setattr("delivery.pages.tracking.REFRESH_SECONDS", 1)
    with serving() as made:
        settings.TRACKING_TILES_URL = f"{made.origin}/{{z}}/{{x}}/{{y}}.png"
        settings.TRACKING_TILES_CREDIT = "© 测试地图"
        yield made


@pytest.fixture
def guest(visitor: Visitor, tiles: Tiles) -> Iterator[Visitor]:
    """The tiles are the only other host."""
    yield visitor
    allowed = f"a request left the site: {tiles.origin}/"
    visitor.complaints = [text for text in visitor.complaints if not text.startswith(allowed)]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_map_shows_shop_and_rider_and_follows_him(
    guest: Visitor, tiles: Tiles, width: int, language: str, kept: Callable[[Page, str], None]
) -> None:
    attempt = told(called(), S.ACCEPTED, S.PICKED_UP)
    page = guest.page(width=width, height=800)
    page.goto(path(attempt.delivery))
    if language == "en":
        page.get_by_role("button", name="English").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".track-now")).to_be_visible()
    expect(page.locator("#track-map")).to_have_count(0)
    placed(attempt, ago(seconds=5))
    expect(page.locator("#track-map path.rider")).to_be_visible(timeout=5000)
    expect(page.locator("#track-map path.shop")).to_be_visible()
    expect(page.locator("#track-map img.leaflet-tile-loaded").first).to_be_visible()
    expect(page.locator(".track-map figcaption")).to_have_text("© 测试地图")
    expect(page.locator("svg .rider").last).to_be_visible()
    kept(page, f"track-map-{language}")
    page.evaluate("document.querySelector('#track-map').dataset.same = 'yes'")
    before = page.locator("#track-map path.rider").get_attribute("d")
    placed(attempt, ago(seconds=1), lng="120.127000", lat="30.282000")
    moved = page.locator(f"#track-map path.rider:not([d='{before}'])")
    expect(moved).to_be_visible(timeout=5000)
    expect(page.locator("#track-map")).to_have_attribute("data-same", "yes")
    told(attempt, S.DELIVERED, minutes=0)
    expect(page.locator(".track-now.delivered")).to_be_visible(timeout=5000)
    expect(page.locator("#track-map, .track-sketch")).to_have_count(0)
    assert tiles.asked
    assert {referrer for _path, referrer in tiles.asked} == {None}


def test_who_goes_by_keyboard_stays_where_they_were_while_the_page_renews_itself(
    guest: Visitor, tiles: Tiles
) -> None:
    attempt = riding()
    page = guest.page(width=360, height=800)
    page.goto(path(attempt.delivery))
    expect(page.locator("#track-map path.rider")).to_be_visible()
    expect(page.get_by_role("group", name="店铺和骑手的地图")).to_be_visible()
    for link in ("a[href^='tel:']", ".leaflet-control-zoom-in"):
        page.locator(link).last.focus()
        page.evaluate("document.querySelector('main').dataset.old = 'yes'")
        expect(page.locator("main[data-old]")).to_have_count(0, timeout=5000)
        expect(page.locator(link).last).to_be_focused()


def test_a_server_that_fails_leaves_the_page_and_is_asked_again(
    guest: Visitor, tiles: Tiles
) -> None:
    attempt = riding()
    page = guest.page(width=360, height=800)
    page.goto(path(attempt.delivery))
    expect(page.locator("#track-map path.rider")).to_be_visible()
    address = f"**{path(attempt.delivery)}"
    with page.expect_response(address):
        page.route(address, lambda route: route.fulfill(status=502, body="bad gateway"))
    page.wait_for_timeout(200)
    expect(page.locator("#track-map path.rider")).to_be_visible()
    page.unroute(address)
    told(attempt, S.DELIVERED, minutes=0)
    expect(page.locator(".track-now.delivered")).to_be_visible(timeout=5000)
    guest.complaints = [text for text in guest.complaints if "502" not in text]


def test_a_place_that_gets_no_younger_leaves_the_page_after_three_minutes(
    guest: Visitor, tiles: Tiles
) -> None:
    attempt = riding()
    placed(attempt, ago(seconds=176))
    page = guest.page(width=360, height=800)
    page.goto(path(attempt.delivery))
    expect(page.locator("#track-map path.rider")).to_be_visible()
    # Where nothing can be asked for either.
    page.context.set_offline(True)
    expect(page.locator("#track-map, .track-sketch")).to_have_count(0, timeout=8000)
    expect(page.locator("h1")).to_be_visible()
    guest.complaints = [text for text in guest.complaints if "ERR_INTERNET" not in text]


def test_without_tiles_of_the_server_the_sketch_alone_is_shown(
    guest: Visitor, tiles: Tiles
) -> None:
    tiles.status = 500
    page = guest.page(width=360, height=800)
    page.goto(path(riding().delivery))
    expect(page.locator(".track-sketch svg")).to_be_visible()
    expect(page.locator(".track-map")).to_be_hidden()
    assert tiles.asked
    guest.complaints = [text for text in guest.complaints if "500" not in text]


def test_without_scripts_there_is_the_sketch_and_the_page_reloads_itself(
    guest: Visitor, tiles: Tiles
) -> None:
    attempt = riding()
    page = guest.page(width=360, height=800, java_script_enabled=False)
    page.goto(path(attempt.delivery))
    expect(page.locator(".track-sketch svg")).to_be_visible()
    expect(page.locator(".track-map")).to_be_hidden()
    told(attempt, S.DELIVERED, minutes=0)
    expect(page.locator(".track-now.delivered")).to_be_visible(timeout=10_000)
    assert tiles.asked == []


def test_the_policy_stops_tiles_of_any_other_host(guest: Visitor, tiles: Tiles) -> None:
    page = guest.page(width=360, height=800)
    page.goto(path(riding().delivery))
    expect(page.locator("#track-map path.rider")).to_be_visible()
    with serving() as other:
        page.evaluate(
            "(url) => new Promise((done) => { const made = new Image();"
            " made.onload = made.onerror = done; made.src = url; })",
            f"{other.origin}/1/1/1.png",
        )
        assert other.asked == []
        guest.complaints = [text for text in guest.complaints if other.origin not in text]
