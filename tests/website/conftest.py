"""The built site on a server, as readers have it."""

from collections.abc import Iterator

import pytest

from tests.support import serving
from tests.website.support import Strict


@pytest.fixture(scope="session")
def served(site) -> Iterator[str]:
    """The address of the built book on a local server."""
    with serving(site) as address:
        yield address


@pytest.fixture(scope="session")
def strict(site) -> Iterator[str]:
    """The same behind a policy that allows no other host and no inline script."""
    with serving(site, Strict) as address:
        yield address
