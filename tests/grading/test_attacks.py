"""No submission cheats, leaks, stops the run or changes anything outside its sandbox.

Every attack is a real submission, and all of them are one class, graded by `python -m grading`
behind the real walls, and some of them by an ordinary user. attacks.py holds those that are code;
those that are files are here.
"""

import ctypes
import hashlib
import json
import os
import shlex
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from course import ROOT
from grading import classroom, lists, sample_class
from grading.harmless import field
from grading.pool import Judge
from grading.sandbox import Limits, NoSandbox, Sandbox, Stopped
from tests.grading import attacks
from tests.grading.support import everywhere, report, script, with_cell

CANARY = "CANARY-7f3a"
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]


def forged_metadata(cell: dict) -> None:
    if "grade_id" in (mine := cell["metadata"].get("nbgrader", {})):
        mine |= {"points": 10**6, "schema_version": 1, "task": False, "solution": True}
        cell["metadata"]["tags"] = ["raises-exception", "skip-execution", "hide-input"]
        if mine["grade"]:
            cell["source"] = "10**6"


def raw(cell: dict) -> None:
    script(cell)
    if cell["cell_type"] == "markdown" and "nbgrader" not in cell["metadata"]:
        cell |= {"cell_type": "raw"}
        cell["metadata"] = {"raw_mimetype": "text/html", "format": "text/html"}


def doubled(notebook: dict) -> dict:
    """Each cell twice, the first with the same id and other content."""
    twice = []
    for cell in notebook["cells"]:
        other = json.loads(json.dumps(cell))
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            other["source"] = "pass"
        twice += [other, cell]
    return notebook | {"cells": twice}


def look_alikes(cell: dict) -> None:
    mine = cell["metadata"].get("nbgrader", {})
    if mine.get("grade"):
        mine["grade_id"] = mine["grade_id"].replace("c", "с")  # a Cyrillic letter


def reordered(notebook: dict) -> dict:
    """The test cells before everything else."""
    cells = sorted(
        notebook["cells"], key=lambda c: not c["metadata"].get("nbgrader", {}).get("grade")
    )
    return notebook | {"cells": cells}


HONEST = with_cell(attacks.HONEST)
PLAIN = json.loads(HONEST)
WITHOUT_METADATA = everywhere(lambda cell: cell["metadata"].clear())
# name: content of rnn.ipynb, the state it should end in, and whether its marks are those of HONEST
FILES = {
    "honest": (HONEST, "failed tests", True),
    "metadata-forged": (everywhere(forged_metadata), "failed tests", True),
    "metadata-lost": (WITHOUT_METADATA, "failed tests", True),
    "cells-doubled": (json.dumps(doubled(PLAIN)), "failed tests", True),
    "cells-reordered": (json.dumps(reordered(PLAIN)), "failed tests", True),
    "ids-look-alike": (everywhere(look_alikes), "failed tests", True),
    "script-in-markdown": (everywhere(script), "failed tests", True),
    "script-in-raw": (everywhere(raw), "failed tests", True),
    "ids-of-all-kinds": (
        HONEST.replace('"grade_id": "rnn_cell-', '"grade_id": ["x"], "was": "'),
        "failed tests",
        True,
    ),
    "surrogates": (HONEST.replace("rnn_cell-shape", "\\ud800\\u0000"), "failed tests", True),
    "nan": (
        HONEST.replace('"nbformat": 4', '"nbformat": NaN, "x": Infinity'),
        "failed tests",
        True,
    ),
    "no-cells": ('{"cells": [], "nbformat": 4}', "not this assignment", False),
    "empty": ("", "unreadable", False),
    "text": ("def rnn_cell(): pass", "unreadable", False),
    "a-list": ("[[1], 2]", "unreadable", False),
    "a-number": ("1" * 5000, "unreadable", False),
    "nested": ("[" * 200_000, "unreadable", False),
    "cells-of-all-kinds": ('{"cells": [1, null, {"cell_type": [], "source": {}}]}', None, False),
    "format-3": ('{"worksheets": [{"cells": []}], "nbformat": 3}', "unreadable", False),
    "many-cells": (json.dumps(PLAIN | {"cells": PLAIN["cells"] * 100}), "unreadable", False),
    "another": (
        (ROOT / "exercises" / "attention" / "attention.ipynb").read_text(),
        "not this assignment",
        False,
    ),
}


BAD = {"links-to-other", "links-to-zero", "folder-is-a-link", "fifo", "nothing", "a-folder"}
BAD |= {"is-huge"}


def bad_folders(there: Path) -> dict[str, str]:
    """Submissions whose files are no files; the state that each should end in."""
    (there / "links-to-other" / "rnn").mkdir(parents=True)
    (there / "links-to-other" / "rnn" / "rnn.ipynb").symlink_to(there / "honest/rnn/rnn.ipynb")
    (there / "links-to-zero" / "rnn").mkdir(parents=True)
    (there / "links-to-zero" / "rnn" / "rnn.ipynb").symlink_to("/dev/zero")
    (there / "folder-is-a-link").mkdir()
    (there / "folder-is-a-link" / "rnn").symlink_to(there / "honest" / "rnn")
    (there / "fifo" / "rnn").mkdir(parents=True)
    os.mkfifo(there / "fifo" / "rnn" / "rnn.ipynb")
    (there / "nothing" / "rnn").mkdir(parents=True)
    (there / "a-folder" / "rnn" / "rnn.ipynb").mkdir(parents=True)
    (there / "is-huge" / "rnn").mkdir(parents=True)
    with open(there / "is-huge" / "rnn" / "rnn.ipynb", "wb") as file:
        file.write(HONEST.encode())
        file.truncate(100 << 20)
    states = dict.fromkeys(
        [
            "links-to-other",
            "links-to-zero",
            "folder-is-a-link",
            "fifo",
            "nothing",
            "a-folder",
            "is-huge",
        ],
        "unreadable",
    )
    for name in ("<img src=x onerror=alert(1)>", "=cmd|' ,calc", "-rf", "..evil", "new\nline"):
        sample_class.hand_in(there.parent, name, "rnn", HONEST)
        states[repr(name)[1:-1]] = "unreadable"
    beside = there / "files-beside" / "rnn"
    beside.mkdir(parents=True)
    (beside / "rnn.ipynb").write_text(HONEST)
    for module in ("numpy", "json", "ast", "wire", "grading", "sitecustomize", "linecache"):
        (beside / f"{module}.py").write_text(f"open('{there.parent}/EVIL', 'w')")
    os.mkfifo(beside / "timestamp.txt")
    (beside / "other.ipynb").symlink_to("/dev/zero")
    (beside / "link").symlink_to("/etc")
    if os.geteuid() == 0:
        (there / "device" / "rnn").mkdir(parents=True)
        os.mknod(there / "device" / "rnn" / "rnn.ipynb", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        states["device"] = "unreadable"
    return states | {"files-beside": "failed tests"}


def snapshot(*folders: Path) -> dict[str, str]:
    """The files in these folders and what is in them."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                found[str(path)] = hashlib.md5(path.read_bytes()).hexdigest()
    return found


def children() -> set[str]:
    """The processes below this one, also those whose parents have ended."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # orphans come to us, not to the system's first process
    tasks = Path("/proc/self/task").glob("*/children")
    found = {pid for task in tasks for pid in task.read_text().split()}
    return {pid for pid in found if Path(f"/proc/{pid}/stat").read_text().split(") ")[-1][0] != "Z"}


def grade(root: Path, *options: str, before: tuple[str, ...] = (), **environment: str):
    command = [*before, sys.executable, "-m", "grading", "rnn", "--course", str(root), *options]
    env = os.environ | {"CANARY": CANARY} | environment
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def listener():
    """A server on this machine that remembers what it was told."""
    heard = []
    plain, abstract = socket.socket(), socket.socket(socket.AF_UNIX)
    plain.bind(("127.0.0.1", 0))
    abstract.bind(f"\0attack{plain.getsockname()[1]}")

    def listen(sock):
        sock.listen()
        while True:
            try:
                heard.append(sock.accept()[0].recv(100))
            except OSError:
                return

    for sock in (plain, abstract):
        threading.Thread(target=listen, args=(sock,), daemon=True).start()
    yield plain.getsockname()[1], heard
    plain.close()
    abstract.close()


def code(name: str, root: Path, port: int) -> str:
    text = attacks.CODE[name]
    for key, value in {"course": root, "root": ROOT, "home": Path.home(), "port": port}.items():
        text = text.replace("{" + key + "}", str(value))
    return text


FEW = [
    "patches-numpy", "reads-everything", "writes-everywhere", "network", "system-calls",
    "fork-bomb", "memory", "disk", "loop-swallows", "exits", "kills-all", "forges-nested",
    "leaves-for-others", "finds-from-others",
]  # fmt: skip


@pytest.fixture(scope="module")
def classes() -> dict[str, tuple]:
    """The class behind each wall, made when it is first asked for."""
    return {}


@pytest.fixture(scope="module")
def graded(wall, everything, classes, listener, tmp_path_factory) -> tuple:
    """The class of attackers, graded; what was there before and after."""
    if wall not in classes:
        classes[wall] = grade_class(wall, everything, listener, tmp_path_factory)
    return classes[wall]


def grade_class(wall: str, everything: bool, listener, tmp_path_factory) -> tuple:
    root = sample_class.course(tmp_path_factory.mktemp("attacked"))
    (root / "secret.txt").write_text(CANARY)
    for name in attacks.CODE if everything else FEW:
        sample_class.hand_in(root, name, "rnn", with_cell(code(name, root, listener[0])))
    for name, (content, _, _) in FILES.items():
        sample_class.hand_in(root, name, "rnn", content)
    states = bad_folders(root / "submitted")
    watched = [ROOT / "grading", ROOT / "solutions", ROOT / "exercises", root / "submitted"]
    before = snapshot(*watched), children()
    done = grade(root, "--marks-only", "--wall", wall)
    assert done.returncode == 0, done.stdout + done.stderr
    with Judge(wall=wall) as judge:  # nothing is graded again
        rows, _ = classroom.grade(course := classroom.Course(root), "rnn", judge)
    assert list(lists.feedback(course, "rnn", 2, [r for r in rows if r.learner in SHOWN]))
    lists.export(course, "rnn", rows)
    after = snapshot(*watched), children()
    return root, done, before, after, states


SHOWN = ("honest", "text", "script-in-output", "script-in-markdown", "script-in-raw", "loop")


def attackers(root: Path) -> list[str]:
    """Those of the class whose attack is code."""
    return [name for name in attacks.CODE if (root / "submitted" / name).exists()]


def outputs(root: Path, name: str) -> str:
    """Everything that the graded notebook says that a learner's code printed or raised."""
    path = root / "autograded" / name / "rnn" / "rnn.ipynb"
    cells = json.loads(path.read_text())["cells"]
    return json.dumps([cell.get("outputs") for cell in cells])


def test_the_whole_class_is_graded_and_each_has_a_reason(graded, wall):
    root, done, _, _, _ = graded
    assert f"sandbox: {wall}" in done.stdout
    rows = report(root)
    assert len(rows) == len(list((root / "submitted").iterdir()))
    assert {row["state"] for row in rows.values()} <= {
        "failed tests",
        "timed out",
        "crashed",
        "unreadable",
        "not this assignment",
    }
    assert all(row["reason"] for row in rows.values())


def test_an_attack_earns_its_honest_marks(graded):
    rows = report(graded[0])
    worth = {who: attacks.BROKEN.get(who, attacks.HONESTLY) for who in attackers(graded[0])}
    wrong = {who: rows[who] for who in worth if float(rows[who]["total"]) != worth[who]}
    assert wrong == {}


@pytest.mark.parametrize("name", FILES)
def test_a_file_earns_its_honest_marks(graded, name):
    rows, (_, state, honest) = report(graded[0]), FILES[name]
    assert rows[name]["state"] == (state or rows[name]["state"])
    assert float(rows[name]["total"]) == (attacks.HONESTLY if honest else 0)
    tests = [t for t in rows["honest"] if t.startswith(("rnn", "run"))]
    if honest:
        assert [rows[name][t] for t in tests] == [rows["honest"][t] for t in tests]


def test_links_devices_and_odd_names_are_not_followed(graded):
    root, _, _, _, states = graded
    rows = report(root)
    assert {name: rows[field(name)]["state"] for name in states} == states
    assert float(rows["files-beside"]["total"]) == attacks.HONESTLY


def test_an_attack_finds_nothing(graded):
    said = {name: outputs(graded[0], name) for name in attackers(graded[0])}
    assert {n: text for n, text in said.items() if "FOUND" in text or CANARY in text} == {}


def test_nothing_is_changed_outside(graded):
    root, _, before, after, _ = graded
    assert before[0] == after[0]
    assert not [p for p in root.rglob("*EVIL*")]
    assert not [p for f in ("/tmp", "/dev/shm", "/var/tmp", "/") for p in Path(f).glob("EVIL*")]
    for path in root.iterdir():
        assert path.name in {
            *("autograded", "submitted", "feedback", "gradebook.db", "nbgrader_config.py"),
            *("secret.txt", "marks-rnn.csv", "report-rnn.csv", "__pycache__"),
        }


def test_no_process_is_left(graded):
    left = graded[3][1] - graded[2][1]
    for _ in range(50):  # what was killed may take a moment to be gone
        left &= children()
        time.sleep(0.1 if left else 0)
    assert not left


def test_nobody_called_out(graded, listener):
    assert listener[1] == []


def test_scripts_are_inert_in_the_feedback(graded, page):
    page.route("http*://**", lambda route: route.abort())
    pages = {
        who for who in SHOWN if who.startswith("script") and (graded[0] / "feedback" / who).exists()
    }
    assert len(pages) >= 2
    for name in pages:
        page.goto((graded[0] / "feedback" / name / "rnn" / "rnn.html").as_uri())
        page.wait_for_timeout(200)
        for link in page.locator("a[href*=javascript i]").all():
            pytest.fail(f"{name}: {link.evaluate('e => e.outerHTML')}")
        assert page.evaluate("window.EVIL") is None, name
        assert page.locator("body").is_visible()


def test_hidden_tests_do_not_reach_the_learner(graded):
    source = (ROOT / "solutions" / "rnn" / "rnn.ipynb").read_text()
    hidden = [
        line.strip()
        for cell in json.loads(source)["cells"]
        for part in "".join(cell["source"]).split("### BEGIN HIDDEN TESTS\n")[1:]
        for line in part.split("### END HIDDEN TESTS")[0].split("\n")
        if len(line.strip()) > 25
    ]
    assert len(hidden) > 50
    for page in (graded[0] / "feedback").rglob("*.html"):
        text = page.read_text()
        assert not [line for line in hidden if line in text], page


# ---- other users ---------------------------------------------------------------------------------
def few(root: Path, port: int) -> Path:
    """A smaller class, in which everybody may write."""
    sample_class.course(root)
    for name in FEW:
        sample_class.hand_in(root, name, "rnn", with_cell(code(name, root, port)))
    sample_class.hand_in(root, "honest", "rnn", HONEST)
    for path in (root, *root.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return root


def as_nobody() -> tuple[str, ...]:
    """A command that runs another as an ordinary user, who can reach this Python and course."""
    if os.geteuid():
        return ()
    home = Path("/root")
    wanted = (Path(os.path.realpath(sys.executable)), Path(sys.prefix), ROOT)
    # what of these lies below root's home is shown there, and nothing else of that home
    tops = sorted(
        {home / path.relative_to(home).parts[0] for path in wanted if home in path.parents}
    )
    places = [shlex.quote(str(top)) for top in tops]
    steps = [f"d{i}=$(mktemp -d) && mount --bind {top} $d{i}" for i, top in enumerate(places)]
    if places:
        steps.append(f"mount -t tmpfs -o mode=755 none {home}")
    steps += [f"mkdir {top} && mount --move $d{i} {top}" for i, top in enumerate(places)]
    user = "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --no-new-privs"
    return ("unshare", "-m", "sh", "-c", " && ".join([*steps, f'HOME=/tmp exec {user} "$@"']), "sh")


def test_as_an_ordinary_user(bubblewrap, listener):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = few(Path(folder) / "class", listener[0])
        reach = [*as_nobody(), sys.executable, "-c", "import grading"]
        tried = subprocess.run(reach, cwd=ROOT, capture_output=True, text=True, check=False)
        if tried.returncode:
            pytest.skip(f"an ordinary user cannot reach this Python or {ROOT}: {tried.stderr}")
        done = grade(root, before=as_nobody())
        assert done.returncode == 0, done.stdout + done.stderr
        assert "sandbox: bubblewrap" in done.stdout
        rows = report(root)
        assert float(rows["honest"]["total"]) == attacks.HONESTLY
        for name in FEW:
            worth = attacks.BROKEN.get(name, attacks.HONESTLY)
            assert float(rows[name]["total"]) == worth, rows[name]
            assert "FOUND" not in outputs(root, name)
        assert not [p for p in root.rglob("*EVIL*")]
        assert listener[1] == []


def test_it_refuses_where_there_is_no_sandbox(monkeypatch):
    monkeypatch.setattr(Sandbox, "_try", lambda self, wall: wall == "none")
    with pytest.raises(NoSandbox, match="apt-get install bubblewrap"):
        Sandbox()
    assert Sandbox(unsafe=True)


def test_a_wall_for_each_where_namespaces_do_not_nest(bubblewrap):
    """Some systems let bubblewrap make namespaces but not what runs inside it."""
    sandbox = Sandbox("bubblewrap, one for each")
    first = sandbox.start(Limits())
    first.ask({"do": "cell", "name": "a", "source": "open('/tmp/EVIL', 'w').write('x')"}, 5)
    second = sandbox.start(Limits())
    found = second.ask({"do": "cell", "name": "a", "source": "import os; os.listdir('/tmp')"}, 5)
    assert "EVIL" not in found["shown"]
    with pytest.raises(Stopped):
        first.ask({"do": "cell", "name": "a", "source": "1"}, 5)
    sandbox.close()
