"""An expert's ratings, sent with the token of the personal link: it opens this one door and no other."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, RootModel

from app.services import rating, seating
from app.web.api.calls import SEAT, Sent, Shown, documented, seats, sent, shown_token
from app.web.context import database
from app.web.forms import LARGEST_ID


class OneRating(Sent):
    """`value` null says "cannot judge"; `remark` left out leaves the comment as it is, empty deletes it."""

    item_id: Annotated[int, Field(ge=1, le=LARGEST_ID)]
    dimension: Annotated[str, Field(min_length=1, max_length=40)]
    value: Annotated[int, Field(ge=-1000, le=1000)] | None
    remark: Annotated[str, Field(max_length=rating.LONGEST_REMARK)] | None = None


class Ratings(RootModel[Annotated[list[OneRating], Field(max_length=rating.MOST_AT_ONCE)]]):
    """A list of ratings, taken all or none."""


class Recorded(Shown):
    """How many ratings were recorded."""

    recorded: int


@seats.put("/rounds/<int:round_id>/ratings")
@documented(Recorded, tag="rounds", body=Ratings, security=SEAT, refusals=(403, 404, 410, 422))
def put_ratings(round_id: int) -> Recorded:
    """Record an expert's ratings of an open round, all or none; the same list twice leaves the same ratings.

    The information sheet has to be agreed to first, in the browser.
    """
    given = sent(Ratings)
    answers = [rating.Answer(**each.model_dump()) for each in given.root]
    with database().writing() as uow:
        place = seating.sit_with_token(uow, token=shown_token(), round_id=round_id)
        recorded = rating.rate_many(uow, place, answers)
    return Recorded(recorded=recorded)
