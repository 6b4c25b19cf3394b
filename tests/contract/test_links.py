"""Every link on a page of the back office opens for whoever reads the page."""

import re
from html import unescape
from urllib.parse import urljoin

import pytest
from django.test import Client
from django.urls import reverse

from stores.models import Connection
from tests.contract.test_admins import ADMINS, signed_in, url
from tests.contract.two_merchants import World

pytestmark = pytest.mark.usefixtures("made")
# What no page of ours answers: assets, and other programs.
ELSEWHERE = re.compile(r"https?:|mailto:|tel:|/static/")


def links(client: Client, page: str) -> set[str]:
    """Returns the addresses to which a page leads, without what only its scripts read."""
    answer = client.get(page, follow=True)
    hrefs = re.findall(r'<a\b[^>]*?\shref="([^"]*)"', answer.content.decode())
    return {
        urljoin(page, unescape(href)).partition("#")[0]
        for href in hrefs
        if not ELSEWHERE.match(unescape(href))
    }


def broken(client: Client, leads: set[str]) -> dict[str, int]:
    statuses = {link: client.get(link, follow=True).status_code for link in leads}
    return {link: status for link, status in statuses.items() if status >= 400}


@pytest.mark.parametrize("label", sorted(ADMINS))
def test_every_link_of_an_admin_opens(label: str, made: World) -> None:
    pages = [url(label, "changelist"), url(label, "add"), url(label, "change", made.row(label))]
    if label == "stores.Connection":
        merchant = made.mine.rows["stores.Merchant"]
        every = Connection.objects.filter(merchant=merchant.pk)
        pages += [url(label, "change", each) for each in every]
        assert len({each.platform for each in every}) > 1
    for who in ("owner", "operator"):
        client = signed_in(made.people[who])
        # The menu is read once, below.
        leads = {link for page in pages for link in links(client, page)}
        assert broken(client, leads - links(client, reverse("admin:index"))) == {}, who


@pytest.mark.parametrize("who", ["owner", "operator", "clerk"])
def test_every_link_of_the_menu_and_of_pages_of_many_things_opens(who: str, made: World) -> None:
    client = signed_in(made.people[who])
    for name in ("admin:index", "counter", "admin:me", "admin:todo"):
        leads = links(client, reverse(name))
        assert leads
        assert broken(client, leads) == {}, name
