"""The Python that runs in the page: Pyodide and its numpy, official files, served with the book.

usage: python -m website.pyodide     fetches and checks them; says where they are

The runtime comes with npm. The numpy that belongs to it is one file, known by the checksum in
Pyodide's own lock; it is looked for where it can be had, kept in `_build/`, and never committed.
"""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from functools import cache
from pathlib import Path

from course import ROOT

NPM = ROOT / "node_modules" / "pyodide"
RUNTIME = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
# Packages of the Python index that carry the very file, for machines that reach no other host.
CARRIERS = {"0.29.0": "gbdraw==0.14.2"}
OFFICIAL = "https://cdn.jsdelivr.net/pyodide/v{version}/full/{name}"
SECONDS = 60


class NoPython(Exception):
    """Python for the page cannot be had here; the sentence says why."""


@cache
def lock() -> dict:
    """Pyodide's lock, of numpy alone.

    Raises:
        NoPython: Pyodide is not installed.
    """
    if not NPM.exists():
        raise NoPython("Pyodide is missing; run `make book`, which installs it with npm")
    data = json.loads((NPM / "pyodide-lock.json").read_text("utf-8"))
    return data | {"packages": {"numpy": data["packages"]["numpy"]}}


def version() -> str:
    """The version of Pyodide."""
    return json.loads((NPM / "package.json").read_text("utf-8"))["version"]


def numpy_wheel() -> Path:
    """The wheel of numpy that belongs to Pyodide, checked.

    Raises:
        NoPython: no place that can be reached has it.
    """
    about = lock()["packages"]["numpy"]
    path = ROOT / "_build" / "pyodide" / about["file_name"]
    if path.exists() and _is_right(path.read_bytes()):
        return path
    failures = []
    for place in (_from_the_index, _from_the_release):
        try:
            data = place(about["file_name"])
        except (OSError, KeyError, subprocess.SubprocessError) as error:
            failures.append(f"{place.__doc__} ({type(error).__name__})")
            continue
        if _is_right(data):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            return path
        failures.append(f"{place.__doc__} (another file: its checksum is not the lock's)")
    raise NoPython(f"numpy for Pyodide {version()} came neither from {' nor from '.join(failures)}")


def _is_right(data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == lock()["packages"]["numpy"]["sha256"]


def _from_the_index(name: str) -> bytes:
    """the Python package index"""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder]
        subprocess.run(
            [*pip, CARRIERS[version()]], check=True, capture_output=True, timeout=5 * SECONDS
        )
        [carrier] = Path(folder).iterdir()
        with zipfile.ZipFile(carrier) as archive:
            [inside] = [n for n in archive.namelist() if n.rpartition("/")[2] == name]
            return archive.read(inside)


def _from_the_release(name: str) -> bytes:
    """Pyodide's release"""
    address = OFFICIAL.format(version=version(), name=name)
    with urllib.request.urlopen(address, timeout=SECONDS) as response:
        return response.read()


def copy_to(folder: Path) -> dict:
    """Put all files of Python into `folder`, with `files.json` that describes them.

    Returns:
        what `files.json` says: {"version", "numpy", "bytes", "sent"}; `bytes` are those that a page
        counts while it fetches, `sent` those on the wire of a server that compresses text.

    Raises:
        NoPython: see `numpy_wheel`.
    """
    wheel = numpy_wheel()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in RUNTIME:
        shutil.copyfile(NPM / name, folder / name)
    shutil.copyfile(wheel, folder / wheel.name)
    (folder / "pyodide-lock.json").write_text(json.dumps(lock()), "utf-8")
    counted = ("pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json", wheel.name)
    files = {
        "version": version(),
        "numpy": wheel.name,
        "bytes": sum((folder / name).stat().st_size for name in counted),
        "sent": sum(map(_sent, folder.iterdir())),
    }
    (folder / "files.json").write_text(json.dumps(files), "utf-8")
    return files


def _sent(path: Path) -> int:
    """Bytes of a file on the wire: wheels and archives as they are, all else compressed."""
    data = path.read_bytes()
    return len(data) if path.suffix in {".whl", ".zip"} else len(gzip.compress(data, 6))


def main() -> int:
    try:
        print(numpy_wheel())
    except NoPython as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
