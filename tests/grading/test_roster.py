"""Who is in the class: what Canvas, Moodle and people write, and whose work is whose."""

import pytest

from grading.files import CannotGrade
from grading.roster import read

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,rnn (17)
    Points Possible,,,,,40
"Núñez, José",20441,s1,jnunez,A,
"Okafor, Ada",20440,s2,aokafor,A,
"Student, Test",99,,x,A,
"""
MOODLE = """First name;Last name;ID number;Email address
José;Núñez;s1;jose@example.org
Ada;Okafor;s2;ada@example.org
Ada;Smith;s3;smith@example.org
"""
WORKSHEET = """Identifier,Full name,Email address,Grade
Participant 4711,José Núñez,jose@example.org,
Participant 4712,Ada Okafor,ada@example.org,
"""
# a file, a learner of `submitted/`, the name of the person that it is
WHOSE = [
    (CANVAS, "núñezjosé_20441", "José Núñez"),
    (CANVAS, "jnunez", "José Núñez"),
    (CANVAS, "s2", "Ada Okafor"),
    (CANVAS, "okaforada_20440", "Ada Okafor"),
    (CANVAS, "studenttest_99", None),
    (CANVAS, "somebody_5", None),
    (MOODLE, "José-Núñez_4711", "José Núñez"),  # its number is of one assignment alone
    (MOODLE, "Jose\u0301-Nu\u0301n\u0303ez_5", "José Núñez"),  # as macOS writes it
    (MOODLE, "ada@example.org", "Ada Okafor"),
    (MOODLE, "Ada", None),
    (WORKSHEET, "José-Núñez_4711", "José Núñez"),
    (WORKSHEET, "Participant_4712", "Ada Okafor"),
    ("id,first_name,last_name,email\nben,Ben,Otieno,b@x.org\n", "ben", "Ben Otieno"),
    ("id,name\nBen,Ben Anyango Otieno\n", "ben", "Ben Anyango Otieno"),
    ("name\nBen Otieno\n", "Otieno, Ben", "Ben Otieno"),
    ("learner\tname\nben\tBen Otieno\n", "ben", "Ben Otieno"),
]


@pytest.mark.parametrize(("text", "learner", "name"), WHOSE)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_work_finds_its_person(tmp_path, text, learner, name, encoding):
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode(encoding))
    person = read(path).whose(learner)
    assert (person and person.name) == name


def test_who_is_absent_is_who_handed_in_nothing(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(MOODLE, "utf-8")
    absent = read(path).absent(["José-Núñez_4711", "a-stranger"])
    assert [person.name for person in absent] == ["Ada Okafor", "Ada Smith"]


def test_two_of_one_name_are_told_apart_by_nothing_but_their_keys(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("id,name\na,Kim Lee\nb,Kim Lee\n", "utf-8")
    assert read(path).whose("Kim-Lee_7") is None
    assert read(path).whose("b").id == "b"


@pytest.mark.parametrize("text", ["", "what,is,this\n1,2,3\n", "Ada Okafor\nBen Otieno\n"])
def test_a_file_without_a_head_is_explained(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(CannotGrade, match="its first line should name columns"):
        read(path)


def test_without_a_file_there_is_no_roster(tmp_path):
    assert not read(tmp_path / "roster.csv")
