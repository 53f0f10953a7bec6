"""What every live server of the tests has loaded when it is forked: see tests/live.py."""

from __future__ import annotations

import migrations  # noqa: F401
from app.factory import make_pages

pages = make_pages().jinja_env
for _name in pages.list_templates(extensions=["html"]):
    pages.get_template(_name)
