"""Small cells: what must be withheld so that no one person's answer can be worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.calc.figures import METHODS, Method


@dataclass(frozen=True, kw_only=True)
class Suppressed:
    """Counts fit to be shown: None is withheld; `total` too is None where showing it would give a cell away."""

    method: Method
    cells: Mapping[str, int | None]
    total: int | None
    minimum: int

    @property
    def withheld(self) -> tuple[str, ...]:
        """The names of the cells that must not be shown, nor any figure computed from them."""
        return tuple(name for name, count in self.cells.items() if count is None)


def suppress(counts: Mapping[str, int], minimum: int = 3) -> Suppressed:
    """Withhold cells from 1 to `minimum` - 1, and as many others as keep them from being worked out.

    Whoever knows the total, the cells shown and this very procedure still finds at least two possible values for each
    withheld cell (from a minimum of three: under two, "withheld" itself says one). The smallest others go first, all
    of one size together, since the choice among them would tell; then cells of 0; the total last.
    Raises ValueError for a negative count.
    """
    if any(count < 0 for count in counts.values()):
        raise ValueError("a count cannot be negative")
    hidden = {name for name, count in counts.items() if 0 < count < minimum}
    while hidden and not _safe(counts, hidden, minimum):
        rest = {name: count for name, count in counts.items() if name not in hidden}
        if not rest:
            break
        smallest = min(rest.values(), key=lambda count: (count == 0, count))
        hidden |= {name for name, count in rest.items() if count == smallest}
    total = sum(counts.values()) if not hidden or _safe(counts, hidden, minimum) else None
    cells = {name: None if name in hidden else count for name, count in counts.items()}
    return Suppressed(method=METHODS["suppression"], cells=cells, total=total, minimum=minimum)


def _safe(counts: Mapping[str, int], hidden: set[str], minimum: int) -> bool:
    """Whether the withheld cells leave room: several, not all at their least or most, together no small cell."""
    inside = [counts[name] for name in hidden]
    least = 0 if 0 in inside else len(inside)
    most = len(inside) * (minimum - 1) if max(inside) < minimum else sum(inside) + 1
    return len(inside) >= 2 and least < sum(inside) < most and sum(inside) >= minimum
