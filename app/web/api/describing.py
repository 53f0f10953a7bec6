"""The description of the interface: OpenAPI made from the views themselves, and a page to read."""

from __future__ import annotations

from typing import Any

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from app.web.api.calls import docs, tree

METHODS = ("get", "post", "put", "patch", "delete")


def description() -> dict[str, Any]:
    """The OpenAPI 3.1 document; needs a request, whose application's routes it describes."""
    made: dict[str, Any] = tree.spec
    return made


@docs.get("/openapi.json")
def document() -> ResponseReturnValue:
    """The description for programs."""
    return jsonify(description())


@docs.get("/")
def page() -> ResponseReturnValue:
    """The description for people."""
    document = description()
    calls = [
        {
            **call,
            "description": call["description"].replace("`", ""),
            "responses": dict(sorted(call["responses"].items())),
            "method": method.upper(),
            "path": path,
            "security": next(iter(call["security"][0])),
        }
        for path, methods in sorted(document["paths"].items())
        for method, call in methods.items()
        if method in METHODS
    ]
    return render_template("api/page.html", document=document, calls=calls, schemas=document["components"]["schemas"])
