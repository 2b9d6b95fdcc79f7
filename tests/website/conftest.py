"""The built site on a server, as readers have it."""

from collections.abc import Iterator

import pytest

from tests.support import serving


@pytest.fixture(scope="session")
def served(site) -> Iterator[str]:
    """The address of the built book on a local server."""
    with serving(site) as address:
        yield address
