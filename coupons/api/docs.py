"""What the page about the API says of coupons."""

from django.utils.translation import gettext_lazy as _

from coupons.reasons import READ, TEXTS, Reason
from stores.api.docs import Caller, CodeLine, CodeTable, CurlStep

_FIRST_ID = """ | grep -o '"id": *[0-9]*' | head -n 1 | tr -dc 0-9"""


def code_tables() -> list[CodeTable]:
    reasons = [
        CodeLine(reason.value, TEXTS[reason].staff, TEXTS[reason].next_step) for reason in Reason
    ]
    read = [CodeLine(str(name), texts.staff, texts.next_step) for name, texts in READ.items()]
    return [
        CodeTable("reasons", _("Reasons why a coupon is refused"), "reason", reasons),
        CodeTable("read-as", _("What was read instead of a coupon code"), "read_as", read),
    ]


def quick_start(caller: Caller) -> list[CurlStep]:
    body = '{"code": "$CODE"}'
    return [
        CurlStep(_("The stores that the key reaches"), caller.curl("stores/")),
        CurlStep(
            _("Keep the number of the first one"),
            f"STORE=$({caller.curl('stores/')}{_FIRST_ID})",
        ),
        CurlStep(
            _("What a problem looks like: a mobile number is no coupon code"),
            caller.curl("stores/$STORE/lookups/", '{"code": "13800138000"}'),
        ),
        CurlStep(_("The code of a coupon"), "CODE='123456789012'"),
        CurlStep(
            _("Look it up without spending it"), caller.curl("stores/$STORE/lookups/?wait=5", body)
        ),
        CurlStep(
            _(
                "Spend it, once: the same line again changes nothing, for the Idempotency-Key is"
                " the same"
            ),
            caller.curl(
                "stores/$STORE/verifications/?wait=5", body, Idempotency_Key="receipt-$CODE"
            ),
        ),
        CurlStep(_("The last verifications"), caller.curl("verifications/?page_size=5")),
    ]
