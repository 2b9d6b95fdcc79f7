"""Who is in the class: `roster.csv` in the course folder, from Canvas, from Moodle or by hand.

    Canvas   Grades → Export: Student, ID, SIS User ID, SIS Login ID, Section, …
    Moodle   Participants → Download, or the grading worksheet: First name, Last name, Email address
             or Identifier, Full name, Email address
    by hand  id,first_name,last_name,email    (what `nbgrader db student import` takes)
    or       id,name

A learner of `submitted/` is the person of the same id, login or address; or of the platform's
number at the end of its name (`núñezjosé_20441`); or, where there is one alone, of the same name.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grading.files import CannotGrade

FILE = "roster.csv"
NUMBER = re.compile(r"_(\d+)$")  # the platform's, at the end of a learner's id
PLATFORM = re.compile(r"(?:Participant )?(\d+)")
# what columns are called, in small letters
IDS = ("id", "student_id", "learner", "username", "login")
KEYS = (*IDS, "sis user id", "sis login id", "id number", "email", "email address", "lms_user_id")
NUMBERS = ("id", "lms_user_id", "identifier")
LAST = ("last_name", "last name", "surname", "family name")
FIRST = ("first_name", "first name", "given name")
WHOLE = ("name", "full name", "student")
EMAIL = ("email", "email address")


@dataclass(frozen=True)
class Person:
    """Somebody in the class. `id` is empty where no column says what their folder is called."""

    id: str
    last: str
    first: str
    email: str
    keys: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return " ".join(filter(None, [self.first, self.last]))


@dataclass
class Roster:
    """The class, and whose work is whose. It is false where nobody wrote a roster."""

    people: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_key = {key: person for person in self.people for key in person.keys}
        self._by_number = {n: person for person in self.people for n in person.numbers}
        self._by_name: dict[str, list[Person]] = {}
        for person in self.people:
            for name in {person.first + person.last, person.last + person.first}:
                self._by_name.setdefault(_letters(name), []).append(person)

    def __bool__(self) -> bool:
        return bool(self.people)

    def whose(self, learner: str) -> Person | None:
        """The person that a learner of `submitted/` is."""
        if person := self._by_key.get(_plain(learner)):
            return person
        number = NUMBER.search(learner)
        if number and (person := self._by_number.get(number[1])):
            return person
        alike = self._by_name.get(_letters(NUMBER.sub("", learner)), [])
        return alike[0] if len(alike) == 1 else None

    def absent(self, there: Iterable[str]) -> list[Person]:
        """Those of the class who are none of these learners."""
        here = {person.keys for learner in there if (person := self.whose(learner))}
        return [person for person in self.people if person.keys not in here]


def read(path: Path) -> Roster:
    """
    Raises:
        CannotGrade: the file at `path` is there and cannot be understood.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Roster()
    except OSError as error:
        raise CannotGrade(f"{FILE} cannot be read: {error.strerror}") from None
    text = _text(data)
    head_line = text.lstrip("\n").partition("\n")[0]
    delimiter = max(",;\t", key=head_line.count)
    rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(row)]
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if not set(head) & {*IDS, *WHOLE, *LAST}:
        first = ", ".join(head) or "nothing"
        raise CannotGrade(
            f"{FILE} begins with {first}: its first line should name columns as Canvas and Moodle"
            " export them, or id,first_name,last_name,email, or id,name"
        )
    people: dict[frozenset[str], Person] = {}
    for row in rows[1:]:
        person = _person(dict(zip(head, (cell.strip() for cell in row), strict=False)))
        if person:
            people.setdefault(person.keys, person)
    return Roster(list(people.values()))


def _text(data: bytes) -> str:
    """What a spreadsheet saved: UTF-8, UTF-16, or what Windows of Western Europe writes."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _person(row: dict[str, str]) -> Person | None:
    """The person of a line; None for a line that is about nobody, as Canvas has two of them."""

    def first_of(names: Iterable[str]) -> str:
        return next((row[name] for name in names if row.get(name)), "")

    first, last, whole = first_of(FIRST), first_of(LAST), first_of(WHOLE)
    if whole and not last and "," in whole:
        last, _, first = (part.strip() for part in whole.partition(","))
    elif whole and not last:
        first, _, last = whole.rpartition(" ")
    found = [PLATFORM.fullmatch(row.get(name, "")) for name in NUMBERS]
    numbers = {match[1] for match in found if match}
    keys = {_plain(row[name]) for name in KEYS if row.get(name)}
    keys |= {f"participant {number}" for number in numbers if row.get("identifier")}
    if whole in ("Points Possible", "Student, Test", "Test Student"):
        return None
    if not keys and not (first or last):
        return None
    from_canvas = "sis login id" in row
    own = "" if from_canvas else unicodedata.normalize("NFC", first_of(IDS))
    return Person(
        own,
        last,
        first,
        first_of(EMAIL),
        frozenset(keys or {f"name {_plain(first)} {_plain(last)}"}),
        frozenset(numbers),
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def _letters(name: str) -> str:
    """A name without case, spaces, marks and all that platforms leave out of it."""
    apart = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in apart if character.isalnum())
