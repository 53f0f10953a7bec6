"""The only place where parts meet: settings in, an application out."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

import realtime.gateway
import realtime.relay
from app import markup
from app.clock import Clock, utc_now
from app.config import Settings
from app.uow import Database
from app.web import context, install, languages

ROOT = Path(__file__).resolve().parent.parent
csrf = CSRFProtect()


def create_app(settings: Settings, *, clock: Clock = utc_now) -> Flask:
    """The application with its database, pages and live gateway; nothing is opened to the network yet."""
    app = make_pages(settings.redis_url)
    furnish(app, settings, clock=clock)
    return app


@cache
def make_pages(redis_url: str, /) -> Flask:
    """All that can be asked for, without anything to look in yet; attempts are counted in Redis where there is one.

    Made once in a process for each address of Redis, "" for none: what is forked from one that has them, as the tests'
    servers are, starts at once. It is given in one way only, since the cache tells ways of calling apart.
    """
    app = Flask("concordat", root_path=str(ROOT), template_folder="templates", static_folder=None)
    app.url_map.strict_slashes = False  # people type addresses with and without the last stroke
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        SESSION_REFRESH_EACH_REQUEST=False,  # else the cookie would travel with files that caches may keep
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # Sec-Fetch-Site is checked instead; token pages send no Referer
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["markdown"] = markup.render
    app.jinja_env.filters["defined"] = markup.defined
    languages.install(app)
    context.install(app)
    install(app, csrf, redis_url)
    return app


def furnish(app: Flask, settings: Settings, *, clock: Clock = utc_now) -> None:
    """Give the pages a server's settings, its database and its live gateway.

    ``app.extensions["concordat.database"]`` is the Database, ``app.extensions["concordat.gateway"]`` the live server.
    """
    database = Database(settings, clock=clock)
    app.extensions["concordat.database"] = database
    app.config.update(
        SECRET_KEY=database.keys.web(),
        SESSION_COOKIE_NAME="__Host-concordat" if settings.is_https else "concordat",
        SESSION_COOKIE_SECURE=settings.is_https,
        TRUSTED_HOSTS=None if settings.is_demo else [urlsplit(settings.base_url).netloc],
    )
    realtime.relay.install(database.bus, realtime.gateway.create(app, database))
    if settings.proxy_hops:
        # Outermost: pages and live connections are counted by the address that the proxies tell.
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # Flask's own way
