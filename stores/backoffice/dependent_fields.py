"""Fields that matter only with a choice: a form says which, stores/forms.js shows them with it; and
fields without which such a choice is refused.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django import forms


@dataclass(frozen=True)
class Rule:
    """These fields (or rows inside, by their prefix) matter while `other` has one of `values`."""

    fields: Sequence[str]
    other: str
    values: Sequence[object]


def mark_needed(fields: Mapping[str, forms.Field], *names: str) -> None:
    """Marks those of the fields as required that are so only with a choice.

    Their `required` stays False, because the form's `clean` knows when to ask for them; stores/
    forms.css gives the labels their mark.
    """
    for name in names:
        if name in fields:
            fields[name].widget.attrs["aria-required"] = "true"


class DependentFields:
    """A form some of whose fields appear with a choice; a field of several rules needs them all.

    Without scripts, and where a mistake is, everything is visible; so `clean` must not trust that a
    hidden field is empty.
    """

    shown_with: ClassVar[Sequence[Rule]] = ()

    @classmethod
    def rules(cls) -> str:
        """The rules as the script reads them, with the values as they stand in the form."""
        return json.dumps(
            [
                [list(rule.fields), rule.other, [str(value) for value in rule.values]]
                for rule in cls.shown_with
            ]
        )
