"""The fields of an order in WeChat's words: what people and programs type is made fit, or named."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from stores.api.serializers import Body, TextField
from stores.text import SEEN, narrow, one_line

# 5138; in milliseconds it is 1973.
SURELY_MILLISECONDS = 10**11
LARGEST = 10**14
WANTS_YUAN = gettext_lazy('Give yuan as a string, like "3.00".')


# A part of an order. Unlike a body it may be left out.
class Part(Body):
    def run_validation(self, data: Any = empty) -> Any:
        if data is empty:
            return serializers.Serializer.run_validation(self, data)
        if not isinstance(data, dict):
            raise ValidationError([_("Give a JSON object.")])
        return super().run_validation(data)


class Line(TextField):
    """A line of text, without what nobody sees; one that may be left out may be empty."""

    def __init__(self, length: int, *, required: bool = True, **options: Any) -> None:
        super().__init__(
            max_length=length,
            required=required,
            allow_blank=not required,
            not_text=gettext_lazy("Give a string."),
            **options,
        )
        self.limits = {"pattern": SEEN} if required else {}

    def run_validation(self, data: Any = empty) -> Any:
        if data is None and self.allow_null:
            return None
        return super().run_validation(self.cleaned(data) if isinstance(data, str) else data)

    def cleaned(self, text: str) -> str:
        return one_line(text)


class Phone(Line):
    """A phone number with narrow digits; it may be virtual and have an extension."""

    def cleaned(self, text: str) -> str:
        return one_line(narrow(text))


class Number(serializers.DecimalField):
    """A JSON number, rounded half up as WeChat does."""

    def __init__(
        self, *, least: Decimal, most: Decimal, places: str = "0.01", **options: Any
    ) -> None:
        super().__init__(
            max_digits=None,
            decimal_places=None,
            coerce_to_string=False,
            min_value=least,
            max_value=most,
            **options,
        )
        self.places = Decimal(places)

    def run_validation(self, data: Any = empty) -> Any:
        found = super().run_validation(data)
        return found.quantize(self.places, ROUND_HALF_UP) if found is not None else None

    def to_internal_value(self, data: Any) -> Decimal:
        if not _is_number(data):
            self.fail("invalid")
        found: Decimal = super().to_internal_value(data)
        return found


class Whole(serializers.IntegerField):
    """A JSON number without a fraction."""

    def to_internal_value(self, data: Any) -> int:
        if not _is_number(data):
            self.fail("invalid")
        found: int = super().to_internal_value(data)
        return found


def _is_number(data: Any) -> bool:
    return isinstance(data, int | float) and not isinstance(data, bool)


class ZeroOrOne(Whole):
    """WeChat's yes and no."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=1, required=False, **options)


class YuanText(TextField):
    """An amount in yuan, as a string: "3.00"."""

    limits = {"pattern": r"^[0-9]{1,6}(\.[0-9]{1,2})?$"}

    def __init__(self, **options: Any) -> None:
        super().__init__(not_text=WANTS_YUAN, help_text=gettext_lazy("yuan"), **options)

    def run_validation(self, data: Any = empty) -> Any:
        if data is None and self.allow_null:
            return None
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> Any:
        if not re.fullmatch(self.limits["pattern"], data):
            self.fail("not_text")
        return Decimal(data)


class UnixSeconds(Whole):
    """A moment; 0 is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=SURELY_MILLISECONDS, required=False, **options)

    def to_internal_value(self, data: Any) -> int:
        found = super().to_internal_value(data)
        if SURELY_MILLISECONDS < found < LARGEST:
            words = _("Give seconds, not milliseconds: %(seconds)d")
            raise ValidationError([words % {"seconds": found // 1000}])
        return found


class Only(Whole):
    """What WeChat takes in more ways than couriers are asked for here: only this value."""

    def __init__(self, value: int, words: Any, **options: Any) -> None:
        super().__init__(
            min_value=value,
            max_value=value,
            required=False,
            error_messages={"max_value": words, "min_value": words, "invalid": words},
            **options,
        )
