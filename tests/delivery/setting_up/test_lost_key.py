"""A key of CREDENTIAL_KEYS is lost: pages of instant delivery open, and say what is missing."""

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from delivery.admin.connection import WechatConnectionForm
from stores.models import Connection
from tests.back_office import shown
from tests.delivery.factories import MiniProgramFactory, StoreCourierFactory
from tests.pages import english

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def test_pages_open_and_secrets_are_asked_for(admin_user: User, settings: Settings) -> None:
    courier = StoreCourierFactory()
    provider = MiniProgramFactory(merchant=None)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    client = english(admin_user)
    assert "AppSecret missing" in shown(client, courier.place)
    for known in (courier.place.connection, provider):
        row = Connection.objects.get(pk=known.pk)
        assert WechatConnectionForm(instance=row).fields["secret"].required
        assert "What comes next" in shown(client, row)
