"""Staged rewrites of inputs as people write them hold on real servers: names, shapes and files that no page has."""

from typing import Any

import pytest

from . import servers, shapes

pytestmark = pytest.mark.truth
if all(map(servers.missing, servers.MAJORS)):
    pytest.skip(servers.missing(servers.EMBEDDED[0]), allow_module_level=True)

INPUTS = 2
"""How many inputs of each rule are tried on each version: the same ones each time."""


@pytest.mark.parametrize("rule", shapes.rules())
def test_stages_of_varied_inputs_hold(server: tuple[int, Any], rule: str) -> None:
    from . import fire

    major, database = server
    made = [shape for shape in (shapes.make(rule, number) for number in range(INPUTS)) if shape.since <= major]
    troubles = [trouble for shape in made for trouble in fire.tried(shape, major, database)[1]]
    assert not "\n\n".join(map(str, troubles))
