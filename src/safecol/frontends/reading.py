"""The bytes of a file come in, its text comes out, or a sentence about why it can't be read."""

import os
import stat

from safecol.source import Source

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# Signatures of formats that end up beside migrations: saying which is more help than "binary".
_FORMATS = (
    (b"PGDMP", "a custom-format dump of pg_dump; convert it with pg_restore -f"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"BZh", "compressed with bzip2"),
    (b"\x89PNG", "an image"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "a program"),
)


def read_source(path: str, data: bytes | None = None) -> Source:
    """Read the text of the file at `path`, or of `data` when given; never raises for a bad file.

    A byte order mark stays in the text as its first character and line endings stay as they are, so that offsets
    fit the file. `Source.problem` says why there is no text.
    """
    name = path.replace("\\", "/")
    if data is None:
        try:
            kind = _not_a_file(path)
            if kind:
                return Source(name, "", f"the file can't be read: it is {kind}")
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            return Source(name, "", f"the file can't be read: {error.strerror or error}")
        except ValueError as error:  # a NUL in the path
            return Source(name, "", f"the file can't be read: {error}")
    text, problem = _decode(data)
    return Source(name, text, problem)


def _not_a_file(path: str) -> str:
    """What stands at `path` when it is no ordinary file: reading it could wait for ever, or never end."""
    mode = os.stat(path).st_mode
    if stat.S_ISREG(mode) or path.startswith(("/dev/fd/", "/proc/self/fd/")):  # <(command) of a shell
        return ""
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a named pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


def _decode(data: bytes) -> tuple[str, str]:
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None) or _guess(data)
    if encoding:
        return _decode_wide(data, encoding)
    for signature, what in _FORMATS:
        if data.startswith(signature):
            return "", f"the file isn't text: it is {what}"
    nul = data.find(b"\x00")
    if nul >= 0:
        return "", _about_nul(data, nul)
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        start = data.rfind(b"\n", 0, error.start) + 1
        return "", (
            f"line {line} isn't valid UTF-8: byte 0x{data[error.start]:02x} at position {error.start - start + 1}; "
            "save the file as UTF-8 (for example with iconv -f WINDOWS-1252 -t UTF-8)"
        )


def _decode_wide(data: bytes, encoding: str) -> tuple[str, str]:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.upper()
        return "", f"the file starts as {name} but byte {error.start + 1} isn't valid {name}; save the file as UTF-8"
    nul = text.find("\x00")
    if nul >= 0:
        return "", _nul_sentence(text.count("\n", 0, nul) + 1)
    return text, ""


def _guess(data: bytes) -> str | None:
    """UTF-16 without a mark: mostly ASCII, so nearly every second byte is zero and the others never are."""
    sample = data[:4096]
    if len(sample) < 4 or len(data) % 2:
        return None
    pairs = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > pairs * 0.7 and even == 0:
        return "utf-16-le"
    if even > pairs * 0.7 and odd == 0:
        return "utf-16-be"
    return None


def _about_nul(data: bytes, nul: int) -> str:
    sample = data[:8192]
    strange = sum(byte < 9 or 13 < byte < 32 for byte in sample)
    if strange > len(sample) * 0.1:
        return "the file isn't text: it has binary content"
    return _nul_sentence(data.count(b"\n", 0, nul) + 1)


def _nul_sentence(line: int) -> str:
    return f"line {line} has a NUL byte, which would end the script there: the rest would be ignored; remove it"
