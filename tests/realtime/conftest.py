"""Live servers that take the tokens of the test's own Database, and people who type."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from app.config import Settings
from tests.live import LiveServer
from tests.typists import Typists


@pytest.fixture
def live(start_server: Callable[..., LiveServer], app_settings: Settings) -> LiveServer:
    """A real web process with the secret of this test's Database."""
    return start_server(CONCORDAT_SECRET=app_settings.secret)


@pytest.fixture
def typists() -> Iterator[Typists]:
    """People with the real editor."""
    found = Typists()
    yield found
    found.close()
