"""Records behave as `typing.NamedTuple` does, before and after a class has its constructor."""

import pickle
from typing import Any

import pytest

from safecol.records import NamedTuple


class Place(NamedTuple):
    """Where."""

    name: str
    line: int = 1
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        return f"{self.name}:{self.line}"

    def __str__(self) -> str:
        return self.shown


class One(NamedTuple):
    value: int


@pytest.fixture(params=[0, 10], ids=["first values", "later values"])
def place(request: pytest.FixtureRequest) -> Any:
    """A class of its own, that has made as many values."""

    class Made(NamedTuple):
        name: str
        line: int = 1
        notes: tuple[str, ...] = ()

    for _ in range(request.param):
        Made("x")
    return Made


def test_values_are_given_by_place_by_name_or_by_default(place: Any) -> None:
    assert place("a", 2, ("b",)) == ("a", 2, ("b",))
    assert place("a", notes=("b",)) == ("a", 1, ("b",))
    assert place(line=3, name="a") == ("a", 3, ())
    assert place("a").name == "a"


def test_wrong_values_are_refused_by_name(place: Any) -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        place()
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        place("a", colour="red")
    with pytest.raises(TypeError, match="multiple values for argument 'name'"):
        place("a", name="b")
    with pytest.raises(TypeError, match="positional argument"):
        place("a", 1, (), 4)


def test_values_are_changed_by_copy() -> None:
    first = Place("a", 2)
    assert first._replace(line=3) == Place("a", 3)
    plain: object = ("a", 2, ())
    assert first == plain
    with pytest.raises(ValueError, match="colour"):
        first._replace(colour="red")  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        first.line = 5  # type: ignore[misc]


def test_values_know_their_fields() -> None:
    assert Place._fields == ("name", "line", "notes")
    assert Place._field_defaults == {"line": 1, "notes": ()}
    assert Place("a")._asdict() == {"name": "a", "line": 1, "notes": ()}
    assert repr(Place("a")) == "Place(name='a', line=1, notes=())"
    assert Place._make(["a", 2, ()]) == Place("a", 2)


def test_methods_and_matching_work() -> None:
    assert str(Place("a", 7)) == "a:7"
    match Place("a", 7):
        case Place(name, line):
            assert (name, line) == ("a", 7)


def test_values_of_one_field_are_tuples() -> None:
    for _ in range(10):
        assert One(4) == (4,)


def test_values_are_sent_to_other_processes() -> None:
    sent = pickle.loads(pickle.dumps(Place("a", 2, ("b",))))  # noqa: S301 - written here
    assert sent == Place("a", 2, ("b",))
    assert type(sent) is Place
