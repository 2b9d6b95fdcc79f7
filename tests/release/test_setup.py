"""The set-up is whole: everything is pinned, and no file names a registry or somebody's machine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from course import ROOT

LISTS = ("requirements.txt", "binder/requirements.txt", "tests/requirements.txt")


def committed() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [ROOT / name for name in names.stdout.split("\n") if name]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", LISTS)
def test_every_requirement_has_one_exact_version(name):
    pinned = {
        canonical(line.split("==")[0])
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    lines = (ROOT / name).read_text().splitlines()
    wanted = {canonical(re.match(r"[\w.-]+", line)[0]) for line in lines if re.match(r"\w", line)}
    assert wanted and wanted <= pinned, wanted - pinned


def test_constraints_hold_nothing_but_exact_versions():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.]+", line), line


def test_no_committed_file_names_a_registry_or_a_machine():
    # spelled in pieces, so that this file does not name them either
    hosts = [
        "pypi" + ".org",
        "pythonhosted" + ".org",
        "registry.npm" + "js.org",
        "files.python" + "hosted",
    ]
    places = ["/home" + "/", "/work" + "/", "/root" + "/."]
    for path in committed():
        if path.suffix in {".npz", ".png", ".xz"}:
            continue
        text = path.read_text("utf-8")
        for word in (*hosts, *places):
            assert word not in text, f"{path.relative_to(ROOT)} names {word}"


def test_workflows_follow_the_published_schema():
    files = sorted((ROOT / ".github/workflows").glob("*.yml"))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    subprocess.run([*command, "vendor.github-workflows", *files], check=True)


def test_make_alone_lists_every_verb():
    text = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()
    assert all(f"make {verb}" in text for verb in phony), text
