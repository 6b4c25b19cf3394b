"""The chat with Meituan's customers: conversations and their messages."""

from datetime import date, datetime
from typing import ClassVar, Self

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.choices import AutoReply, Direction, MessageKind, MessageState, Origin
from messaging.models.orders import Order
from stores.fields import EncryptedTextField
from stores.models import Connection, Merchant, Store
from stores.prepared import Literal
from stores.tenancy import MerchantQuerySet, TenantQuerySet


class ChatRevision(models.Model):
    """Counts the changes of a merchant's chat, so that one row tells a page that nothing is new.

    Each change takes the next number under the row's lock: numbers become visible in their order.
    """

    merchant = models.OneToOneField(
        Merchant, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("merchant")
    )
    number = models.BigIntegerField(default=0)

    objects = MerchantQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision of the chat")
        verbose_name_plural = _("revisions of the chat")

    def __str__(self) -> str:
        return f"{self.merchant_id}: {self.number}"


class ConversationQuerySet(TenantQuerySet["Conversation"]):
    def of_customer(self, connection: Connection, open_user_id: str) -> Self:
        """Filters the conversation of a customer whom Meituan names."""
        named = Q(open_user_id__gt=Literal(""))
        return self.filter(named, connection=connection, open_user_id=open_user_id)

    def unanswered(self) -> Self:
        """Filters those in which a customer waits, the most urgent first."""
        return self.filter(reply_until__isnull=False).order_by("reply_until", "pk")

    def answered(self) -> Self:
        """Filters those in which nobody waits, the latest first."""
        return self.filter(reply_until=None).order_by("-last_at", "-pk")


class Conversation(models.Model):
    """What a store and one customer write to each other.

    A message of whom Meituan does not name the customer has a conversation of its own, with an
    empty `open_user_id`: nobody can be answered there.
    """

    connection = models.ForeignKey(
        Connection,
        models.PROTECT,
        related_name="conversations",
        db_index=False,
        verbose_name=_("connection"),
    )
    store = models.ForeignKey(
        Store,
        models.PROTECT,
        related_name="conversations",
        db_index=False,
        verbose_name=_("store"),
    )
    # A number or a text at Meituan.
    open_user_id = models.CharField(_("customer at Meituan"), max_length=60, blank=True)
    # What is talked about; None before an order.
    order = models.ForeignKey(
        Order,
        models.SET_NULL,
        null=True,
        related_name="conversations",
        verbose_name=_("takeaway order"),
    )
    last_at = models.DateTimeField(_("last message"), default=timezone.now)
    # The beginning of the last message, for lists.
    preview = EncryptedTextField(_("last message"), blank=True)
    last_direction = models.CharField(max_length=10, choices=Direction, blank=True)
    # The first message that nobody has answered; None: nobody waits.
    waiting_since = models.DateTimeField(_("waiting since"), null=True)
    reply_until = models.DateTimeField(_("answer until"), null=True)
    is_urgent = models.BooleanField(_("urgent"), default=False)
    unread = models.PositiveIntegerField(_("unread"), default=0)
    # Up to when the customer has read, as Meituan says, and when it was asked.
    customer_read_at = models.DateTimeField(_("read by the customer until"), null=True)
    read_asked_at = models.DateTimeField(null=True, editable=False)
    blocked_at = models.DateTimeField(_("blocked"), null=True)
    # What was written until then needs no answer: a person has said so.
    dismissed_at = models.DateTimeField(_("needs no answer"), null=True)
    revision = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ConversationQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "open_user_id"],
                condition=Q(open_user_id__gt=""),
                name="takeaway_one_conversation_per_customer",
            ),
        ]
        indexes = [
            models.Index(
                fields=["store", "reply_until", "id"],
                name="takeaway_chat_unanswered",
                condition=Q(reply_until__isnull=False),
            ),
            models.Index(
                fields=["store", "-last_at", "-id"],
                name="takeaway_chat_answered",
                condition=Q(reply_until=None),
            ),
            models.Index(fields=["store", "revision"], name="takeaway_chat_changed"),
        ]

    def __str__(self) -> str:
        return self.open_user_id or f"?{self.pk}"


class MessageQuerySet(TenantQuerySet["Message"]):
    def numbered(self, msg_id: str) -> Self:
        """Filters by Meituan's number; a store or connection belongs to it."""
        return self.filter(Q(msg_id__gt=Literal("")), msg_id=msg_id)

    def automatic(self, day: date) -> Self:
        """Filters what rules have said on a day."""
        return self.filter(Q(rule__gt=Literal("")), rule_day=day)

    def in_order(self) -> Self:
        """Orders a conversation's messages, the oldest first."""
        return self.order_by("at", "tie", "pk")

    def unmatched(self) -> Self:
        """Filters what was handed to Meituan and of which no echo has come, the oldest first."""
        return self.filter(direction=Direction.SHOP, msg_id="", handed_at__isnull=False).in_order()


class Message(models.Model):
    """One chat message. `text` is what was written, the address of a picture, or, of one that is
    unreadable, what came, still sealed.

    `at` and `tie` are its place in the conversation: Meituan's seconds, and its number in them.
    """

    STATE_FIELD: ClassVar[str] = "state"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        MessageState.WAITING: frozenset(
            {MessageState.SENT, MessageState.FAILED, MessageState.UNKNOWN}
        ),
        MessageState.SENT: frozenset(),
        MessageState.FAILED: frozenset(),
        # Its echo came, or the platform turned out to have refused it.
        MessageState.UNKNOWN: frozenset({MessageState.SENT, MessageState.FAILED}),
    }

    # Indexed together with the place, and with the key.
    conversation = models.ForeignKey(
        Conversation,
        models.CASCADE,
        related_name="messages",
        db_index=False,
        verbose_name=_("conversation"),
    )
    connection = models.ForeignKey(
        Connection,
        models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("connection"),
    )
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="+", db_index=False, verbose_name=_("store")
    )
    direction = models.CharField(_("direction"), max_length=10, choices=Direction)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin)
    # Meituan's number; "" until the echo of a message of ours comes.
    msg_id = models.CharField(_("number at Meituan"), max_length=20, blank=True)
    # Our own number of a message that we send.
    sent_id = models.CharField(max_length=20, blank=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=MessageKind)
    # `msg_type` as Meituan gave it.
    remote_kind = models.IntegerField(null=True, editable=False)
    text = EncryptedTextField(_("text"), blank=True)
    at = models.DateTimeField(_("written"))
    tie = models.BigIntegerField(default=0, editable=False)
    arrived_at = models.DateTimeField(_("arrived here"), default=timezone.now)
    # "" for a customer's.
    state = models.CharField(
        _("state"), max_length=10, choices=MessageState, default=MessageState.WAITING, blank=True
    )
    # When a try to send it began last, and when it was known to have arrived.
    handed_at = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    error = models.CharField(_("why it was not sent"), max_length=300, blank=True)
    author = models.CharField(_("written by"), max_length=150, blank=True)
    # Who that is: the name may change. None for programs and Meituan's own app.
    user = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", db_index=False, editable=False
    )
    scene = models.IntegerField(_("scene"), default=-1)
    scene_name = models.CharField(_("scene"), max_length=60, blank=True)
    is_urgent = models.BooleanField(_("urgent"), default=False)
    order = models.ForeignKey(
        Order, models.SET_NULL, null=True, related_name="+", verbose_name=_("takeaway order")
    )
    # The reply clock runs from this message: it was the first that nobody had answered.
    reply_until = models.DateTimeField(_("answer until"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    # A rule answers once per conversation and day.
    rule = models.CharField(max_length=10, choices=AutoReply, blank=True)
    rule_day = models.DateField(null=True, editable=False)
    emptied_at = models.DateTimeField(_("content removed"), null=True, editable=False)
    revision = models.BigIntegerField(default=0, editable=False)

    objects = MessageQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("chat message")
        verbose_name_plural = _("chat messages")
        ordering = ["at", "tie", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "msg_id"],
                condition=Q(msg_id__gt=""),
                name="takeaway_one_message_per_number",
            ),
            models.UniqueConstraint(
                fields=["conversation", "rule", "rule_day"],
                condition=Q(rule__gt=""),
                name="takeaway_one_auto_reply_per_day",
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "at", "tie", "id"], name="takeaway_message_place"),
            models.Index(fields=["conversation", "id"], name="takeaway_message_arrived"),
            models.Index(fields=["conversation", "revision"], name="takeaway_message_changed"),
            models.Index(fields=["store", "-id"], name="takeaway_message_newest"),
            models.Index(
                fields=["conversation", "handed_at"],
                name="takeaway_message_unmatched",
                condition=Q(direction="shop", msg_id=""),
            ),
            models.Index(
                fields=["store", "at"],
                name="takeaway_message_questions",
                condition=Q(reply_until__isnull=False),
            ),
            models.Index(
                fields=["store", "rule_day"],
                name="takeaway_message_automatic",
                condition=Q(rule__gt=""),
            ),
            models.Index(
                fields=["connection", "arrived_at"],
                name="takeaway_message_kept",
                condition=Q(emptied_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.msg_id or f"{self.conversation_id}/{self.pk}"

    @property
    def is_ours(self) -> bool:
        return self.direction == Direction.SHOP

    def is_read(self, read_until: datetime | None) -> bool:
        """Whether the customer has read it, by the time up to which the customer has read."""
        return self.is_ours and read_until is not None and self.at <= read_until
