"""What every live server of the tests has loaded when it is forked: see tests/live.py."""

from __future__ import annotations

import engineio.async_drivers.threading  # noqa: F401  named by a string where it is used
from sqlalchemy.orm import configure_mappers

import app.serve  # noqa: F401
import migrations  # noqa: F401
from app.factory import make_pages

pages = make_pages("").jinja_env
for _name in pages.list_templates(extensions=["html"]):
    pages.get_template(_name)
configure_mappers()  # else each server would at its first question
