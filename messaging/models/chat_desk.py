"""What people set up for the chat, and what they leave on its desk: drafts, pictures, presence."""

import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.models.chat import Conversation
from messaging.models.stores import TakeawayStore
from stores.fields import EncryptedTextField
from stores.models import Merchant, Store
from stores.tenancy import TenantQuerySet

LONGEST_REPLY = 500


class ChatStore(models.Model):
    """What a bound store has set for its chat, and what Meituan says about it.

    `rate` is what Meituan counts: wire/rates.py.
    """

    binding = models.OneToOneField(
        TakeawayStore,
        models.CASCADE,
        related_name="chat",
        editable=False,
        verbose_name=_("takeaway store"),
    )
    # None: Meituan was not asked yet.
    is_on = models.BooleanField(_("chat switched on at Meituan"), null=True, editable=False)
    is_subscribed = models.BooleanField(_("messages come by push"), null=True, editable=False)
    reply_minutes = models.PositiveSmallIntegerField(
        _("minutes to answer"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
    )
    urgent_seconds = models.PositiveSmallIntegerField(
        _("seconds to answer what is urgent"),
        default=60,
        validators=[MinValueValidator(10), MaxValueValidator(3600)],
    )
    open_hours = models.PositiveSmallIntegerField(
        _("hours after completion in which the shop may write"),
        default=48,
        validators=[MinValueValidator(1), MaxValueValidator(720)],
    )
    margin_minutes = models.PositiveSmallIntegerField(
        _("minutes before, in which nothing is sent any more"),
        default=10,
        validators=[MaxValueValidator(600)],
        help_text=_("Meituan's clock decides; a message on its way must not come too late."),
    )
    greets = models.BooleanField(
        _("greet customers"),
        default=False,
        help_text=_("Once per conversation and day, in business hours."),
    )
    greeting = models.CharField(_("greeting"), max_length=LONGEST_REPLY, blank=True)
    answers_away = models.BooleanField(
        _("answer outside business hours"),
        default=False,
        help_text=_("Once per conversation and day."),
    )
    away = models.CharField(_("away reply"), max_length=LONGEST_REPLY, blank=True)
    # Customers whose messages reached nobody, as Meituan said when a socket was opened.
    missed = models.PositiveIntegerField(_("customers missed"), default=0, editable=False)
    missed_at = models.DateTimeField(_("missed at"), null=True, editable=False)
    # When a socket of this store gave a sign of life last.
    socket_at = models.DateTimeField(_("socket alive"), null=True, editable=False)
    rate = models.JSONField(default=dict, editable=False)
    rate_at = models.DateTimeField(_("rate asked for"), null=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "binding__store__merchant"
        store = "binding__store"

    class Meta:
        verbose_name = _("chat of a store")
        verbose_name_plural = _("chats of stores")
        ordering = ["binding_id"]

    def __str__(self) -> str:
        return str(self.binding)


class ChatHours(models.Model):
    """A period in which the shop answers; a day may have several, and one may span midnight."""

    class Day(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    chat = models.ForeignKey(
        ChatStore, models.CASCADE, related_name="hours", verbose_name=_("chat of a store")
    )
    day = models.SmallIntegerField(
        _("day"), choices=Day, null=True, blank=True, help_text=_("Leave empty for every day.")
    )
    opens = models.TimeField(pgettext_lazy("time of the day", "from"))
    closes = models.TimeField(pgettext_lazy("time of the day", "until"))

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "chat__binding__store__merchant"
        store = "chat__binding__store"

    class Meta:
        verbose_name = _("business hours")
        verbose_name_plural = _("business hours")
        ordering = [F("day").asc(nulls_first=True), "opens"]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"


class QuickReply(models.Model):
    """A text at hand, with variables of the order in braces (services/quick_replies.py)."""

    merchant = models.ForeignKey(
        Merchant, models.CASCADE, related_name="quick_replies", verbose_name=_("merchant")
    )
    store = models.ForeignKey(
        Store,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="quick_replies",
        verbose_name=_("store"),
        help_text=_("Leave empty for all stores."),
    )
    title = models.CharField(_("title"), max_length=30)
    text = models.CharField(_("text"), max_length=LONGEST_REPLY)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("quick reply")
        verbose_name_plural = _("quick replies")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.title


class Draft(models.Model):
    """What a person has begun to write in a conversation."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="drafts", verbose_name=_("conversation")
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("user"))
    text = EncryptedTextField(_("text"), blank=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "conversation__store__merchant"
        store = "conversation__store"

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "user"], name="takeaway_one_draft_per_person"
            ),
        ]
        indexes = [models.Index(fields=["changed_at"], name="takeaway_draft_kept")]

    def __str__(self) -> str:
        return f"{self.conversation}: {self.user_id}"


class Onlooker(models.Model):
    """A person who has a conversation open, and perhaps is typing in it."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="onlookers", verbose_name=_("conversation")
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("user"))
    seen_at = models.DateTimeField(_("seen"), default=timezone.now)
    typed_at = models.DateTimeField(_("typing"), null=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "conversation__store__merchant"
        store = "conversation__store"

    class Meta:
        verbose_name = _("onlooker")
        verbose_name_plural = _("onlookers")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "user"], name="takeaway_one_onlooker_per_person"
            ),
        ]
        indexes = [models.Index(fields=["seen_at"], name="takeaway_onlooker_seen")]

    def __str__(self) -> str:
        return f"{self.conversation}: {self.user_id}"


def picture_slug() -> str:
    return secrets.token_urlsafe(32)


class ChatPicture(models.Model):
    """A picture that the shop sends: written anew by us, at an address that nobody can guess.

    Meituan fetches it there, so that the address is all that protects it.
    """

    slug = models.CharField(max_length=64, unique=True, default=picture_slug, editable=False)
    store = models.ForeignKey(Store, models.CASCADE, related_name="+", verbose_name=_("store"))
    content: Any = models.BinaryField(editable=False)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    made_at = models.DateTimeField(_("uploaded"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("picture of the chat")
        verbose_name_plural = _("pictures of the chat")
        ordering = ["-made_at"]
        indexes = [models.Index(fields=["store", "made_at"], name="takeaway_picture_kept")]

    def __str__(self) -> str:
        return self.slug[:8]
