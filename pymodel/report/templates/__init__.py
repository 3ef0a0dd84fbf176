"""The templates of the reports and the one way to fill them. They loop and print; they decide nothing."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("pymodel.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, **data: object) -> str:
    """`template` filled with `data`, every text escaped. Raises jinja2.UndefinedError for missing data."""
    return _environment().get_template(template).render(**data)
