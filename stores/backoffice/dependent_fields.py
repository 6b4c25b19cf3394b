"""Fields that matter only with a choice: a form says which, stores/forms.js shows them with it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Rule:
    """These fields (or rows inside, by their prefix) matter while `other` has one of `values`."""

    fields: Sequence[str]
    other: str
    values: Sequence[object]


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
