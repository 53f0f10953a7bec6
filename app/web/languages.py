"""In which language a page speaks: English; an expert's own pages in the language the expert has chosen.

A catalogue is `translations/<language>.po`, read as it is. What it lacks stays English.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, Domain

from app.services.panel import ENGLISH, LANGUAGES

FOLDER = Path(__file__).resolve().parents[2] / "translations"
LANGUAGE_KEY = "language"
OWN_WORDS = "own_words"


@cache
def catalogue(language: str) -> NullTranslations:
    """The translations into a language; for English, and for one we do not have, none."""
    file = FOLDER / f"{language}.po"
    if language not in LANGUAGES or language == ENGLISH or not file.exists():
        return NullTranslations()
    made = io.BytesIO()
    with file.open("rb") as source:
        write_mo(made, read_po(source))
    made.seek(0)
    return Translations(made)


class _Catalogues(Domain):  # type: ignore[misc]  # Flask-Babel has no types
    """Where gettext finds its words. Asked for all the time: nothing is looked up but the language of the page."""

    def get_translations(self) -> NullTranslations:
        return catalogue(spoken())


class _Babel(Babel):  # type: ignore[misc]  # see above
    domain_instance = _Catalogues()


def spoken() -> str:
    """The language of the page that is being made."""
    return str(g.get(LANGUAGE_KEY, ENGLISH)) if has_request_context() else ENGLISH


def speak(chosen: str | None = None) -> None:
    """Speak the language an expert has chosen; while none is chosen that of this browser, where we have it."""
    kept = chosen or session.get(LANGUAGE_KEY)
    if kept not in LANGUAGES:
        kept = request.accept_languages.best_match([ENGLISH, *LANGUAGES], default=ENGLISH)
    g.language = kept


def said(words: str) -> str:
    """Words that are not known beforehand, such as a question of a protocol, as this language has them.

    What the panel manager has put into this language for a round (``own``) comes before the catalogue.
    """
    own: dict[str, str] = g.get(OWN_WORDS, {})
    if words in own:
        return own[words]
    return catalogue(spoken()).ugettext(words) if words else words


def install(app: Flask) -> None:
    """Let templates and views speak; ``said`` is a filter, ``language`` and ``languages`` are known to every page."""
    _Babel(app)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # Jinja's own, put there by its extension
        gettext=lambda words: catalogue(spoken()).ugettext(words),
        ngettext=lambda one, many, number: catalogue(spoken()).ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.filters["said"] = said
    app.context_processor(lambda: {"language": spoken(), "languages": LANGUAGES})
