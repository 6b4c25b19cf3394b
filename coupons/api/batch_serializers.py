"""The output of batches; each line is read as its verification is."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy
from rest_framework import serializers

from coupons.api.serializers import malformed_detail, message_of, verification_message
from coupons.models import Batch, Verification
from coupons.reasons import READ, Reason
from coupons.services.batches import BatchLine, Progress, batch_lines, batch_progress
from stores.api.serializers import AnswerSerializer

LINE_STATUSES = [*Verification.Status.choices, ("malformed", gettext_lazy("Not a coupon code"))]


class LineSerializer(AnswerSerializer):
    position = serializers.IntegerField(
        source="item.position", help_text=gettext_lazy("1 is the first code of the list")
    )
    code_tail = serializers.CharField(source="item.code_tail")
    verification = serializers.IntegerField(
        source="item.verification_id",
        allow_null=True,
        help_text=gettext_lazy("null for what is not a code"),
    )
    status = serializers.ChoiceField(choices=LINE_STATUSES)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_null=True)
    message = serializers.CharField()
    read_as = serializers.CharField(
        source="item.read_as", help_text=gettext_lazy("What was read instead of one code, if so")
    )
    same_as = serializers.IntegerField(
        allow_null=True,
        help_text=gettext_lazy("The earlier line with the same code and verification"),
    )

    def get_status(self, line: BatchLine) -> str:
        row = line.item.verification
        return row.status if row else "malformed"

    def get_reason(self, line: BatchLine) -> str | None:
        row = line.item.verification
        return (row.reason if row else line.item.reason) or None

    def get_message(self, line: BatchLine) -> str:
        row = line.item.verification
        if row is None:
            read = READ.get(line.item.read_as)
            return malformed_detail(read) if read else message_of(line.item.reason)
        return verification_message(row)


@dataclass(frozen=True)
class BatchReport:
    """A batch with the values that the API shows."""

    batch: Batch
    progress: Progress
    lines: list[BatchLine]


# The output of a BatchReport.
class BatchSerializer(AnswerSerializer):
    id = serializers.IntegerField(source="batch.pk")
    store = serializers.IntegerField(source="batch.store_id")
    requested_by = serializers.CharField(source="batch.requested_by")
    created_at = serializers.DateTimeField(source="batch.created_at")
    total = serializers.IntegerField(source="progress.total")
    settled = serializers.IntegerField(
        source="progress.settled",
        help_text=gettext_lazy("`verified` + `refused` + `malformed` + `repeated` together"),
    )
    percent = serializers.IntegerField(source="progress.percent")
    verified = serializers.IntegerField(source="progress.verified")
    refused = serializers.IntegerField(source="progress.refused")
    malformed = serializers.IntegerField(source="progress.malformed")
    repeated = serializers.IntegerField(
        source="progress.repeated",
        help_text=gettext_lazy(
            "Lines with the code of an earlier one; it is spent and counted once"
        ),
    )
    waiting = serializers.IntegerField(source="progress.waiting")
    unknown = serializers.IntegerField(source="progress.unknown")
    lines = LineSerializer(many=True)


def batch_report(batch: Batch) -> BatchReport:
    return BatchReport(batch, batch_progress(batch), batch_lines(batch))
