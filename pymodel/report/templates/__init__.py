"""The templates of the reports and the one way to fill them. They loop and print; they decide nothing."""

from __future__ import annotations

from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

SHARED = "pymodel.report"
"""The package whose templates every other one may use too: palettes and parts of pages."""


@cache
def _environment(package: str) -> Environment:
    packages = dict.fromkeys((package, SHARED))
    return Environment(
        loader=ChoiceLoader([PackageLoader(name, "templates") for name in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, /, package: str = SHARED, **data: object) -> str:
    """`template` of `package` filled with `data`, every text escaped.

    Raises: jinja2.UndefinedError for missing data.
    """
    return _environment(package).get_template(template).render(**data)
