"""HTTP and HTML. One file per noun; this one registers each with its guard."""

from __future__ import annotations

from flask import Blueprint, Flask, g
from flask_wtf.csrf import CSRFProtect

from app.web import (
    account,
    accounts,
    actions,
    administration,
    api,
    assets,
    calendars,
    comments,
    components,
    console,
    consultations,
    contracting,
    decisions,
    demo,
    descent,
    dispositions,
    errors,
    evidence,
    exports,
    findings,
    glossary,
    groups,
    guards,
    headers,
    health,
    history,
    home,
    homework,
    imports,
    intake,
    items,
    join,
    limits,
    meetings,
    notifications,
    panel,
    polls,
    practice,
    rating,
    results,
    returns,
    room,
    screen,
    search,
    several,
    soundings,
    sources,
    suggestions,
    times,
    validation,
    versions,
)
from app.web.guards import Guard

#: Every blueprint with its guard and the address it lives under. A test walks this list.
BLUEPRINTS: list[tuple[Blueprint, Guard, str]] = [
    (assets.bp, guards.unlooked, ""),
    (health.bp, guards.unlooked, ""),
    (home.bp, guards.anyone, ""),
    (accounts.bp, guards.anyone, ""),
    (account.bp, guards.signed_in, "/account"),
    (calendars.bp, guards.signed_in, "/account/calendar"),
    (calendars.following, guards.anyone, "/calendar"),
    (notifications.bp, guards.signed_in, "/account/notifications"),
    (notifications.stopping, guards.anyone, "/stop"),
    (administration.bp, guards.administrator, "/admin"),
    (demo.bp, guards.anyone, ""),
    (components.bp, guards.anyone, ""),
    (rating.bp, guards.anyone, ""),
    (versions.bp, guards.member, "/g/<slug>/versions"),
    (exports.bp, guards.member, "/g/<slug>/versions/files"),
    (returns.bp, guards.member, "/g/<slug>/versions/returned"),
    (validation.bp, guards.member, "/g/<slug>/validation"),
    (panel.bp, guards.member, "/g/<slug>/validation/panel"),
    (dispositions.bp, guards.member, "/g/<slug>/validation/done"),
    (consultations.bp, guards.member, "/g/<slug>/validation/heard"),
    (consultations.opinions, guards.anyone, ""),
    (api.bp, api.bearer, "/api/v1"),
    (api.seats, api.seat_bearer, "/api/v1"),
    (api.docs, guards.anyone, "/api/v1"),
    (join.bp, guards.anyone, ""),
    (screen.bp, guards.anyone, ""),
    (results.bp, guards.member, "/g/<slug>/validation/rounds"),
    (evidence.bp, guards.member, "/g/<slug>/evidence"),
    (findings.bp, guards.member, "/g/<slug>/evidence/findings"),
    (sources.bp, guards.member, "/g/<slug>/evidence/sources"),
    (contracting.bp, guards.member, "/g/<slug>/evidence/models"),
    (glossary.bp, guards.member, "/g/<slug>/glossary"),
    (search.bp, guards.member, "/g/<slug>/search"),
    (groups.bp, guards.member, "/g/<slug>"),
    (practice.bp, guards.member, "/g/<slug>/practice"),
    (meetings.bp, guards.session_member, "/g/<slug>/sessions"),
    (soundings.bp, guards.member, "/g/<slug>/sessions/soundings"),
    (decisions.bp, guards.member, "/g/<slug>/sessions/decisions"),
    (actions.bp, guards.member, "/g/<slug>/sessions/actions"),
    (homework.bp, guards.member, "/g/<slug>/sessions/homework"),
    (console.bp, guards.session_member, "/g/<slug>/sessions/<int:meeting_id>/console"),
    (room.bp, guards.attendee, "/g/<slug>/sessions/<int:meeting_id>/room"),
    (polls.bp, guards.attendee, "/g/<slug>/sessions/<int:meeting_id>/polls"),
    (history.bp, guards.practising_member, "/g/<slug>/blueprint/items"),
    (descent.bp, guards.practising_member, "/g/<slug>/blueprint/items"),
    (several.bp, guards.member, "/g/<slug>/blueprint/several"),
    (imports.bp, guards.member, "/g/<slug>/blueprint"),
    (suggestions.bp, guards.practising_member, "/g/<slug>/blueprint"),
    (comments.bp, guards.practising_member, "/g/<slug>/blueprint"),
    (items.bp, guards.practising_member, "/g/<slug>/blueprint"),
]

# Here and not in install(): a blueprint takes hooks only before it is first registered, and tests make many apps.
for _blueprint, _guard, _prefix in BLUEPRINTS:
    _blueprint.before_request(_guard)


def install(app: Flask, csrf: CSRFProtect, redis_url: str) -> None:
    """Register everything the browser and programs can ask for."""
    headers.install(app)  # first: every answer, a refusal too, has its id and its headers
    intake.install(app)
    csrf.init_app(app)
    csrf.exempt(api.bp)  # programs show a token; cookies count for nothing there
    csrf.exempt(api.seats)
    csrf.exempt(notifications.stopping)  # a mail program presses that button; the address is the key
    limits.install(app, redis_url)
    errors.install(app)
    assets.install(app)
    times.install(app)
    app.context_processor(lambda: {"nonce": g.get("nonce", "")})
    for blueprint, guard, prefix in BLUEPRINTS:
        if guard is guards.unlooked:
            limits.limiter.exempt(blueprint)
        app.register_blueprint(blueprint, url_prefix=prefix or None)
