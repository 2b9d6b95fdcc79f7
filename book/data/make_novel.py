"""Takes *Pride and Prejudice* out of the R package janeaustenr, as Debian ships it.

usage: python make_novel.py FOLDER     writes novel.txt.xz beside this file

FOLDER is where the package lies unpacked. What the script needs, once, on Debian or Ubuntu:

    apt-get download r-cran-janeaustenr
    dpkg-deb -x r-cran-janeaustenr_*.deb FOLDER
    pip install rdata
"""

import gzip
import hashlib
import lzma
import sys
import zlib
from pathlib import Path

SHA256 = "2e44edaa4946d64ad541c68e0224f5d672f43bf3ce2a8a0b0637ad5e02fc6eb3"
CHARACTERS = 684_767


def novel(folder: Path) -> str:
    """The text, its lines joined as the package has them: at most 74 characters each."""
    import rdata

    def read(serialised: bytes):
        return rdata.conversion.convert(rdata.parser.parse_data(serialised))

    base = folder / "usr/lib/R/site-library/janeaustenr/data/Rdata"
    index = read(gzip.decompress(base.with_suffix(".rdx").read_bytes()))
    start, length = map(int, index["variables"]["prideprejudice"])
    entry = base.with_suffix(".rdb").read_bytes()[start : start + length]
    return "\n".join(map(str, read(zlib.decompress(entry[4:]))))  # 4 bytes of length come first


def main(folder: str) -> None:
    text = novel(Path(folder))
    found = hashlib.sha256(text.encode()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"This is not the text that the course was made with: SHA-256 {found}.")
    packed = lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)
    Path(__file__).with_name("novel.txt.xz").write_bytes(packed)


if __name__ == "__main__":
    main(*sys.argv[1:])
