"""Makes `.venv` and installs the locked environment. Run by the Makefile with the system's Python, on nothing but it.

`python3 cauce/install.py requirements.lock`: idempotent, at once when there is nothing to do. A failure is one line.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
MINIMUM = (3, 11)


def main(lock: Path) -> None:
    """Install what `lock` names, and the project itself."""
    if sys.version_info < MINIMUM:
        newer = next((found for minor in range(15, 10, -1) if (found := shutil.which(f"python3.{minor}"))), None)
        if newer:
            os.execv(newer, [newer, *sys.argv])  # noqa: S606 - the same script with a newer Python
        fail(f"Python {sys.version.split()[0]} is too old", "install Python 3.11 or later")
    stamp = VENV / f".{lock.stem}"
    wanted = hashlib.sha256(
        b"".join((PROJECT / name).read_bytes() for name in (lock.name, "pyproject.toml"))
    ).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    make_venv()
    install("installing the installer", pip("install", "--require-hashes", "-r", "requirements-installer.lock"))
    uv = [str(VENV / "bin" / "uv"), "pip"]
    target = ["install", "--python", str(PYTHON)]
    # Bytecode is compiled now: importing without it takes three times as long.
    locked = ["--require-hashes", "--compile-bytecode", "-r", lock.name]
    install(f"installing the locked environment ({lock.name}); about a minute the first time", [*uv, *target, *locked])
    install("installing cauce", [*uv, *target, "--no-deps", "--no-build-isolation", "--offline", "-e", "."])
    stamp.write_text(wanted)


def make_venv() -> None:
    """Make the virtual environment; without ensurepip (Debian's python3-venv) the system's pip serves it."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0:
        return
    say("making .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    with_pip = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, check=False).returncode == 0
    if not with_pip:
        shutil.rmtree(VENV, ignore_errors=True)
        result = subprocess.run([sys.executable, "-m", "venv", "--without-pip", VENV], check=False, capture_output=True)
        if result.returncode:
            fail("a virtual environment cannot be made here", last_line(result.stderr))


def pip(*arguments: str) -> list[str]:
    """Pip of the environment, else the system's working on it."""
    if (VENV / "bin" / "pip").exists():
        return [str(PYTHON), "-m", "pip", "-q", *arguments]
    if subprocess.run([sys.executable, "-m", "pip", "--version"], check=False, capture_output=True).returncode:
        fail("this Python has neither venv nor pip", "install the package python3-venv")
    return [sys.executable, "-m", "pip", "-q", "--python", str(PYTHON), *arguments]


def install(title: str, command: list[str]) -> None:
    """Run an installer quietly; of its failure one line."""
    say(title)
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False, env=environment)
    if result.returncode:
        reason = last_line(result.stderr) or last_line(result.stdout)
        if "No space left" in reason:
            fail("the disk is full", "free about 2 GiB and run the command again")
        fail(
            f"the environment cannot be installed: {reason}",
            "check the network and the package index (PIP_INDEX_URL and UV_INDEX_URL name another), then run it again",
        )


def last_line(output: bytes) -> str:
    """The line that says most: the first that names an error, else the last."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines()]
    lines = [line for line in lines if line and not line.startswith("WARNING")]
    return next((line for line in lines if "rror" in line or "No space" in line), lines[-1] if lines else "")


def say(text: str) -> None:
    """Tell what is being done."""
    print(f"… {text}", file=sys.stderr, flush=True)  # noqa: T201 - runs before anything is installed


def fail(what: str, action: str) -> None:
    """Stop with one line."""
    sys.exit(f"cauce: {what} — {action}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except OSError as error:
        fail(f"{error.strerror or error}", "check the space on the disk and who may write in this folder")
    except KeyboardInterrupt:
        fail("stopped", "run the command again to go on")
