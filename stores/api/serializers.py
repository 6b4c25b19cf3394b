"""Base classes of the API's shapes: each is declared once, for the code and for OpenAPI."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from stores.api.paging import Pages
from stores.money import yuan_json, yuan_of
from stores.text import listed

MAX_ID = 2**63 - 1
# Seconds.
MAX_WAIT = 10.0
Reader = Callable[[Any, Any], Any]


# Docstrings of shapes stand in the OpenAPI description; remarks on them are comments.
#
# A row as programs read it. A field's value comes from the method `get_<field>(row)`, else from the
# row's attribute of this name or `source`. It goes to the JSON renderer as it is, which knows dates
# and amounts; DRF converts each field first, which takes 80 µs instead of 5 for a verification.
# A field with required=False is left out while its value is None.
class AnswerSerializer(serializers.Serializer[Any]):
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Programs that are generated from the OpenAPI description know the shapes by these names.
        name = f"{cls.__name__.removesuffix('Serializer')}Shown"
        extend_schema_serializer(component_name=name)(cls)

    def to_representation(self, row: Any) -> dict[str, Any]:
        always, sometimes = _readers(type(self))
        shown = {name: read(self, row) for name, read in always}
        for name, read in sometimes:
            if (value := read(self, row)) is not None:
                shown[name] = value
        return shown


@cache
def _readers(
    shape: type[AnswerSerializer],
) -> tuple[list[tuple[str, Reader]], list[tuple[str, Reader]]]:
    """How each field of a shape is read from (serializer, row): those always shown, and those left
    out when None.
    """
    fields = shape._declared_fields.items()
    return (
        [(name, _reader(shape, name, field)) for name, field in fields if field.required],
        [(name, _reader(shape, name, field)) for name, field in fields if not field.required],
    )


def _reader(shape: type[AnswerSerializer], name: str, field: Any) -> Reader:
    if own := getattr(shape, f"get_{name}", None):
        return own  # type: ignore[no-any-return]
    value_of = attrgetter(field.source or name)
    if not isinstance(field, CONVERTED):
        return lambda serializer, row: value_of(row)
    convert = field.to_representation

    def read(serializer: Any, row: Any) -> Any:
        value = value_of(row)
        return None if value is None else convert(value)

    return read


class YuanField(serializers.DecimalField):
    """An amount in yuan: "12.50"."""

    def __init__(self, *, max_digits: int = 12, **options: Any) -> None:
        super().__init__(
            max_digits=max_digits, decimal_places=2, help_text=gettext_lazy("yuan"), **options
        )

    def to_representation(self, value: Any) -> Any:
        return yuan_json(value)


class FenField(YuanField):
    """An amount that is kept in fen: 1250 is shown as "12.50"."""

    def to_representation(self, value: Any) -> Any:
        return yuan_json(yuan_of(value))


LONG_NUMBER = gettext_lazy(
    "Meituan's number. Up to 19 digits and more than JavaScript's numbers hold: a string"
)


class LongNumberField(serializers.CharField):
    """A number with more digits than JavaScript's numbers hold, as a string."""


# Fields whose values are not given to the renderer as they are.
CONVERTED = (YuanField, LongNumberField, serializers.BaseSerializer)


# The JSON object of a request. Fields that are not declared are ignored.
class Body(serializers.Serializer[Any]):
    # Names of two fields of which exactly one must be given.
    either: tuple[str, str] | None = None

    def run_validation(self, data: Any = empty) -> Any:
        if self.either:
            self._check_either(data, self.either)
        if not isinstance(data, dict):
            raise ValidationError({"body": [_("Give a JSON object.")]})
        return super().run_validation(data)

    def _check_either(self, data: Any, names: tuple[str, str]) -> None:
        given = [name for name in names if isinstance(data, dict) and name in data]
        if len(given) != 1:
            raise ValidationError({"body": [self.needs_one_of(names)]})

    @staticmethod
    def needs_one_of(names: tuple[str, str]) -> str:
        words = _("Give an object with either %(a)s or %(b)s.")
        return words % {"a": names[0], "b": names[1]}


@cache
def body_reader(body: type[Body]) -> Body:
    """One instance for all requests: to make one copies all its fields, and validation keeps
    nothing on it.
    """
    return body()


class TextField(serializers.CharField):
    """Text that must be a JSON string: `not_text` is said of anything else."""

    def __init__(self, *, not_text: Any, **options: Any) -> None:
        super().__init__(**options)
        self.error_messages["not_text"] = not_text

    def run_validation(self, data: Any = empty) -> Any:
        if data is not empty and not isinstance(data, str):
            self.fail("not_text")
        return super().run_validation(data)


def reason_field(help_text: Any, *, max_length: int) -> TextField:
    """A text for the platform and the customer."""
    return TextField(
        required=False,
        max_length=max_length,
        help_text=help_text,
        not_text=gettext_lazy("Give the reason as a string."),
    )


class TrueOrFalse(serializers.BooleanField):
    """A JSON true or false; 0, "yes" and the like are refused."""

    def run_validation(self, data: Any = empty) -> Any:
        if data is not empty and not isinstance(data, bool):
            self.fail("invalid")
        return super().run_validation(data)


class OneOfField(serializers.ChoiceField):
    """One of some words. Anything else is refused without being repeated: what was sent may hold
    characters that no answer can.
    """

    def run_validation(self, data: Any = empty) -> Any:
        if type(data) is int:
            # Codes that consist of digits are sent as numbers, too.
            data = str(data)
        if data is not empty and (not isinstance(data, str) or data not in self.choices):
            words = _("Give one of these: %(words)s.")
            raise ValidationError([words % {"words": listed(self.choices)}])
        return super().run_validation(data)


AGREE, EMPTY = "agree", ("", None)


def decision_field(refuse: str, label: Any) -> OneOfField:
    """Takes "agree", or the platform's own word for the opposite."""
    return OneOfField(choices=[(AGREE, gettext_lazy("agree")), (refuse, label)])


# Whether to agree to something. Subclasses declare `decision`, and the `reason` that a refusal
# needs.
class Decision(Body):
    def run_validation(self, data: Any = empty) -> Any:
        # An agreement needs no reason, so it may be empty.
        if isinstance(data, dict) and data.get("decision") == AGREE and data.get("reason") in EMPTY:
            data = {name: value for name, value in data.items() if name != "reason"}
        return super().run_validation(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["decision"] != AGREE and "reason" not in attrs:
            raise ValidationError({"reason": [_("This field is required.")]})
        return attrs


class TextsField(serializers.ListField):
    """A list of strings, each as it is."""

    def run_validation(self, data: Any = empty) -> Any:
        if data is empty:
            return super().run_validation(data)
        if not isinstance(data, list) or not all(isinstance(text, str) for text in data):
            raise ValidationError([_("Give a list of strings.")])
        return data


def refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
    """Raises ValidationError for a parameter that is not known: a misspelt one would seem to have
    been obeyed.
    """
    if unknown := sorted(set(given) - set(known)):
        raise ValidationError(
            {name[:100]: [_("There is no such parameter.")] for name in unknown[:5]}
        )


class ListFilter(serializers.Serializer[Any]):
    """The parameters of a list. `lookups` says which filter of the rows each of them is."""

    lookups: Mapping[str, str] = {}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        size = str(Pages.page_size_query_param)
        refuse_unknown(self.initial_data, {*self.fields, Pages.cursor_query_param, size})
        if size in self.initial_data:
            self._validate_size(size)
        # An empty one would narrow nothing, and the list would seem to be the wanted one.
        if empties := [name for name in self.fields if self.initial_data.get(name) == ""]:
            words = _("Give a value, or leave the parameter out.")
            raise ValidationError({str(name): [words] for name in empties})
        return attrs

    def _validate_size(self, name: str) -> None:
        try:
            serializers.IntegerField(min_value=1).run_validation(self.initial_data[name])
        except ValidationError as error:
            raise ValidationError({name: error.detail}) from error
