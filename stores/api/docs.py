"""The page that describes the API: a quick start, the codes with what to do, and Swagger UI."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from stores.api.swagger_words import SWAGGER_WORDS
from stores.domains import contributed_to
from stores.web.problems import codes


def marked(text: StrOrPromise) -> SafeString:
    """Returns a text as HTML, with the words in backticks as code."""
    parts = enumerate(str(text).split("`"))
    return format_html_join(
        "",
        "{}",
        ((format_html("<code>{}</code>", part) if at % 2 else part,) for at, part in parts),
    )


@dataclass(frozen=True)
class CodeLine:
    """A code, what it means and what a program or a person does then."""

    code: str
    means: StrOrPromise
    todo: StrOrPromise = ""
    status: int | None = None

    def shown_means(self) -> SafeString:
        return marked(self.means)

    def shown_todo(self) -> SafeString:
        return marked(self.todo)


@dataclass(frozen=True)
class CodeTable:
    """The values of one field of the API's answers. `slug` is the table's place on the page."""

    slug: str
    title: StrOrPromise
    field: str
    lines: Sequence[CodeLine]


@dataclass(frozen=True)
class CurlStep:
    """What to do, and the lines for a terminal that do it."""

    title: StrOrPromise
    lines: str


@dataclass(frozen=True)
class Caller:
    """Who reads the page: `api` is the address of the routes as the reader reaches it."""

    api: str
    language: str

    def curl(self, path: str, body: str = "", **headers: str) -> str:
        """Returns the line that calls a route, with the key in $KEY; `body` is JSON, in which
        $NAMES are filled in.
        """
        given = {"Authorization": "Bearer $KEY", **_as_headers(headers)}
        if self.language == "en":
            given["Accept-Language"] = "en"
        if body:
            given["Content-Type"] = "application/json"
        parts = ["curl -s", *(f'-H "{name}: {value}"' for name, value in given.items())]
        if body:
            parts.append('-d "' + body.replace('"', '\\"') + '"')
        return " ".join([*parts, f'"{self.api}/{path}"'])


def _as_headers(given: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in given.items()}


def problem_table() -> CodeTable:
    lines = [CodeLine(code, each.means, each.todo, each.status) for code, each in codes().items()]
    return CodeTable(
        "problems", _("Problems"), "code", sorted(lines, key=lambda line: line.status or 0)
    )


def code_tables() -> list[CodeTable]:
    """Returns the tables of all codes that answers hold, made from those that the code uses."""
    return [problem_table(), *contributed_to("code_tables")]


class ApiDocs(SpectacularSwaggerSplitView):
    """Script and style are files of ours, so no policy is relaxed."""

    template_name = "stores/api_docs.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        if "script" not in request.query_params:
            caller = Caller(request.build_absolute_uri("/api/v1"), get_language() or "")
            response.data |= {
                "steps": contributed_to("quick_start", caller),
                "tables": code_tables(),
                "words": json.dumps({word: str(said) for word, said in SWAGGER_WORDS.items()}),
            }
        return response
