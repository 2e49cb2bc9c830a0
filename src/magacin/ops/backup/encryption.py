"""Encryption of what is in a backup, by age: for keys whose secret half this machine need not have.

Nothing is ever on the disk in between, and no key in a command line: docs/decisions/0123.
"""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO, BinaryIO

from magacin.stack import install
from magacin.stack.errors import StackError

_CHUNK = 1 << 16
# What a pipe holds, and far more than keys are long.
_LONGEST_IDENTITY = 60_000
# How an identity begins that a passphrase protects.
_PROTECTED = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE")


@dataclass(frozen=True)
class Recipients:
    """For whom a backup is: public keys, one a line, of age or of SSH."""

    file: Path

    def require_usable(self) -> None:
        """Raise StackError unless age takes the file."""
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                self._command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, check=False
            )
            if done.returncode:
                raise StackError(
                    f"{self.file} does not say for whom a backup is to be encrypted; none was written.",
                    *_words(said),
                    "It has public keys, one a line: age-keygen -y IDENTITY prints that of an identity.",
                )

    @contextmanager
    def sealing(self, file: BinaryIO) -> Iterator[IO[bytes]]:
        """Give what encrypts all that is written to it into `file`, from where that stands.

        Raises StackError when that fails, and OSError for a full disk, after the body.
        """
        file.flush()
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(self._command(), stdin=subprocess.PIPE, stdout=file, stderr=said) as process,
        ):
            assert process.stdin is not None  # noqa: S101  it is a pipe; narrows the type
            try:
                # Where it has ended before all was written, its exit status says how.
                with contextlib.suppress(BrokenPipeError):
                    yield process.stdin
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
            except BaseException:
                process.kill()
                with contextlib.suppress(BrokenPipeError):  # it still has what was not taken
                    process.stdin.close()
                raise
            if process.wait():
                raise _refused(_words(said))

    def _command(self) -> list[str]:
        return [_age(), "--encrypt", "--recipients-file", str(self.file)]


@dataclass(frozen=True)
class Identity:
    """A secret key, or several. One that a passphrase protects was asked for that when it was read."""

    content: bytes = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Identity:
        """Read an identity file of age, or a private key of SSH. Raises StackError where that is none."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StackError(f"cannot read the identity {path} ({error.strerror}).") from error
        if content.startswith(_PROTECTED):
            # It asks on the terminal, once.
            done = subprocess.run([_age(), "--decrypt", str(path)], stdout=subprocess.PIPE, check=False)
            if done.returncode:
                raise StackError(f"the identity {path} was not opened.")
            content = done.stdout
        if not content or len(content) > _LONGEST_IDENTITY:
            raise StackError(f"{path} is no identity of age.", "age-keygen makes one.")
        return cls(content)

    def opened(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield what was encrypted; raise StackError where this is no key to it, or it was damaged."""
        with self._handed_over() as descriptor, tempfile.TemporaryFile() as said:
            command = [_age(), "--decrypt", "--identity", f"/dev/fd/{descriptor}"]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, pass_fds=(descriptor,)
            ) as process:
                yield from _through(process, pieces)
            if process.returncode:
                raise StackError("the backup could not be decrypted.", *_words(said))

    @contextmanager
    def _handed_over(self) -> Iterator[int]:
        """Give a descriptor at which a program can read it, and nobody else."""
        readable, writable = os.pipe()
        try:
            with os.fdopen(writable, "wb") as pipe:
                pipe.write(self.content)
            yield readable
        finally:
            os.close(readable)


def _through(process: subprocess.Popen[bytes], pieces: Iterator[bytes]) -> Iterator[bytes]:
    assert process.stdin is not None  # noqa: S101  these are pipes; narrows the types
    assert process.stdout is not None  # noqa: S101
    feeder = Thread(target=_feed, args=(process.stdin, pieces), daemon=True)
    feeder.start()
    try:
        while chunk := process.stdout.read(_CHUNK):
            yield chunk
    except BaseException:
        process.kill()  # whoever reads has given up
        raise
    finally:
        feeder.join()


def _feed(pipe: IO[bytes], pieces: Iterator[bytes]) -> None:
    # What cannot be read to its end is missing at the end, which age says.
    with contextlib.suppress(OSError), pipe:
        for piece in pieces:
            pipe.write(piece)


def _age() -> str:
    return str(install.locate("age"))


def _words(said: IO[bytes]) -> list[str]:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    # It asks to be told of what it did not expect, which is not about us.
    return [line for line in lines if "report unexpected" not in line][-5:]


def _refused(words: list[str]) -> Exception:
    if any(os.strerror(errno.ENOSPC).lower() in line.lower() for line in words):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return StackError("age failed, and nothing of the backup was kept.", *words)
