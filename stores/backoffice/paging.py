"""Pages of long lists."""

from typing import Any

from unfold.paginator import InfinitePaginator


class UncountedPaginator(InfinitePaginator):
    """Pages of rows that are not counted. One row more is read than a page shows, to know whether
    another page follows.
    """

    goes_on = False

    def page(self, number: Any) -> Any:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = list(self.object_list[first : first + self.per_page + 1])
        self.goes_on = len(rows) > self.per_page
        return self._get_page(rows[: self.per_page], number, self)
