"""What all tests share: the check runs the same generated examples each time, a developer new ones."""

import os

from hypothesis import settings

settings.register_profile("check", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("check")
