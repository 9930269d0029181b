"""Paper: the templates of the staff inbox, in the reader's language."""

from collections.abc import Mapping
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crm.base.i18n import translator
from crm.base.settings import Company

_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


class Paper:
    """Renders pages; every value is escaped."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._templates = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)

    def page(self, template: str, language: str, values: Mapping[str, object], *, status: int = 200) -> web.Response:
        """One page."""
        text = self._templates.get_template(template).render(tr=translator(language), language=language, company=self._company.name, **values)
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
