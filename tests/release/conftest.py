"""The learner edition as it is published, anew for each module, as some of them write into it."""

from pathlib import Path

import pytest

from release.publish import copy_learner_edition


@pytest.fixture(scope="module")
def edition(tmp_path_factory) -> Path:
    """The folder of a learner edition."""
    folder = tmp_path_factory.mktemp("edition") / "learner"
    copy_learner_edition(folder)
    return folder
