"""nbgrader's own doors: `nbgrader autograde` and formgrader's button grade as `make grade` does.

nbgrader_config.py opens them, for every command that reads it. nbgrader has no setting that would
replace how submissions are found, copied and recorded, nor one that would make formgrader take off
what was late, so some of its methods and functions are replaced here, as they are in nbgrader 0.9.
"""

import datetime as dt
import fnmatch
import functools
import glob
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbgrader.apps.api
import nbgrader.converters.base
import nbgrader.dbutil
import nbgrader.utils
from nbgrader.api import Assignment, Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters.autograde import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory


def open_doors() -> None:
    """Have nbgrader ask the judge, and find a course whose path holds brackets or a percent sign.

    It copies nothing that lies beside a notebook, follows no link, and a submission that cannot be
    read ends with a reason and not with an error.
    """
    Autograde.start = _autograde
    CourseDirectory.get_existing_timestamp = _timestamp
    NbGraderAPI.get_submitted_timestamp = _submitted_timestamp
    for name, keys in LATE.items():
        method = getattr(NbGraderAPI, name)
        if not hasattr(method, "less_late"):
            setattr(NbGraderAPI, name, _less_late(method, keys))
    at_its_word = SimpleNamespace(glob=_glob)
    for module in (nbgrader.apps.api, nbgrader.converters.base, nbgrader.utils):
        module.glob = at_its_word
    if not hasattr(nbgrader.dbutil.write_alembic_ini, "escapes"):
        nbgrader.dbutil.write_alembic_ini = _escaping(nbgrader.dbutil.write_alembic_ini)


def _autograde(app: Autograde) -> None:
    """Grade those whom the command line or the button names.

    Raises:
        NbGraderException: somebody could not be graded; the log says who and why.
    """
    from grading.classroom import CannotGrade, Course, grade  # not needed by other commands
    from grading.files import nearest
    from grading.pool import Judge
    from grading.sandbox import NoSandbox

    folders = app.coursedir
    assignment = folders.assignment_id
    course = Course(Path(folders.root), app.config)
    app.run_pre_convert_hook()
    try:
        course.check(assignment)
        submissions, strays = course.find()
        learners = {one.learner for one in submissions if one.assignment == assignment}
        excluded = folders.student_id_exclude.split(",")
        wanted = {w for w in learners if _is_meant(w, folders.student_id) and w not in excluded}
        if not wanted:
            meant = nearest(folders.student_id, learners)
            hint = f"; did you mean {meant}?" if meant else ""
            who = "nobody" if folders.student_id == "*" else f"nobody called {folders.student_id}"
            raise CannotGrade(f"{who} has handed in {assignment}{hint}")
        errors = 0
        if not app.create_student:
            with course.gradebook() as book:
                unknown = wanted - {student.id for student in book.students}
            for learner in sorted(unknown):
                app.log.error("No student with ID '%s' exists in the database", learner)
                errors += 1
            wanted -= unknown
        with Judge(min(len(wanted), os.cpu_count() or 1) or 1) as judge:
            rows, sandbox = grade(course, assignment, judge, only=wanted, again=app.force)
    except (CannotGrade, NoSandbox) as error:
        app.log.error("%s", error)
        raise NbGraderException(str(error)) from error
    app.log.info("sandbox: %s", sandbox)
    for row in rows:
        said = f"{row.learner}: {row.state}, {row.total:g} of {row.maximum:g} {row.reason}"
        (app.log.info if row.points else app.log.error)("%s", said)
        errors += not row.points
    for path, why in strays:
        app.log.warning("%s: %s", path, why)
    app.run_post_convert_hook()
    if errors:
        raise NbGraderException(f"{errors} could not be graded; the log says why")


def _timestamp(folders: CourseDirectory, path: str) -> dt.datetime | None:
    """nbgrader would wait for a pipe of this name, and one that holds no time would stop it all."""
    from grading.classroom import handed_in_at

    return handed_in_at(Path(path))


def _submitted_timestamp(api: NbGraderAPI, assignment: str, learner: str) -> dt.datetime | None:
    folders = api.coursedir
    return _timestamp(
        folders, folders.format_path(folders.submitted_directory, learner, assignment)
    )


def _is_meant(learner: str, pattern: str) -> bool:
    return learner == pattern or fnmatch.fnmatchcase(learner, pattern)


# ---- formgrader's numbers ------------------------------------------------------------------------
Keys = Callable[[dict, tuple], tuple[str | None, str]]  # assignment (None: all of them) and learner
LATE: dict[str, Keys] = {
    "get_submission": lambda found, args: (found["name"], found["student"]),
    "get_submissions": lambda found, args: (found["name"], found["student"]),
    "get_notebook_submissions": lambda found, args: (args[0], found["student"]),
    "get_student_notebook_submissions": lambda found, args: (args[1], found["student"]),
    "get_student": lambda found, args: (None, found["id"]),
    "get_students": lambda found, args: (None, found["id"]),
}


def _less_late(method: Callable, keys: Keys) -> Callable:
    """A method of NbGraderAPI, with its scores less what was taken off for being late."""

    @functools.wraps(method)
    def total_of(api: NbGraderAPI, *args: Any, **kwargs: Any) -> Any:
        from grading.classroom import total

        found = method(api, *args, **kwargs)
        with api.gradebook as book:
            late = _penalties(book)
        for one in found if isinstance(found, list) else [found]:
            if one is not None:
                assignment, learner = keys(one, args)
                of_this = (p for (a, who), p in late if who == learner and assignment in (None, a))
                one["score"] = total(one["score"], sum(of_this))
        return found

    total_of.less_late = True  # type: ignore[attr-defined]
    return total_of


def _penalties(book: Gradebook) -> list[tuple[tuple[str, str], float]]:
    """Assignment, learner and what was taken off, of all that was late."""
    lost = SubmittedNotebook.late_submission_penalty
    query = book.db.query(Assignment.name, SubmittedAssignment.student_id, lost)
    query = query.select_from(SubmittedNotebook).join(
        SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id
    )
    query = query.join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
    return [((assignment, learner), lost_) for assignment, learner, lost_ in query.filter(lost > 0)]


# ---- paths ---------------------------------------------------------------------------------------
def _glob(pattern: str, **options: Any) -> list[str]:
    """`glob.glob`, but what exists under the name that is written is taken at its word."""
    there, rest = pattern, ""
    while there and not os.path.lexists(there):
        there, name = os.path.split(there)
        rest = os.path.join(name, rest) if rest else name
    return glob.glob(
        os.path.join(glob.escape(there), rest) if rest else glob.escape(there), **options
    )


def _escaping(write: Callable) -> Callable:
    """Alembic reads the database's address from a file in which a percent sign starts a name."""

    def write_alembic_ini(alembic_ini: str, db_url: str) -> None:
        write(alembic_ini, db_url.replace("%", "%%"))

    write_alembic_ini.escapes = True  # type: ignore[attr-defined]
    return write_alembic_ini
