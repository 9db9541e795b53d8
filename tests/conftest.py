"""What all tests share: the check runs the same generated examples each time, a developer new ones."""

import os

import pytest
from hypothesis import settings

settings.register_profile("check", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("check")


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What tests read is not kept beside what the user has read."""
    os.environ["SAFECOL_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
