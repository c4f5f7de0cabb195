"""As whom the embedded server runs: PostgreSQL refuses root, so root starts it as somebody else."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cauce.errors import FatalError

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""All that PostgreSQL's programs get: a PGPORT or PGOPTIONS of the caller would change the server."""

OVERFLOW_UID = 65534
KEEP_REACH = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")


@dataclass(frozen=True, slots=True)
class Account:
    """Who owns the server's files, and the words that go before a command to run it as them."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def own(self, *paths: Path) -> None:
        """Make this account the owner of paths and of all below those it does not own yet."""
        for top in paths:
            if os.geteuid() == 0 and top.stat().st_uid != self.uid:
                for path in (*top.rglob("*"), top):  # the top last: a crash on the way is made good by the next call
                    os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose_account(home: Path, data: Path, program: Path, *, user_namespace: bool) -> Account:
    """Decide who runs the server on `data` (below `home`), and prove that they can run `program`.

    An ordinary user runs it as themselves. Root runs it as the owner of existing data; what root owns, in a user
    namespace in which root bears another name; and where there are none, as `nobody`, who then owns the data.
    """
    owner = data.stat() if data.exists() else None
    me, group = os.geteuid(), os.getegid()
    if me != 0:
        if owner is not None and owner.st_uid != me:
            raise FatalError(
                f"the data directory belongs to another user ({_name(owner.st_uid)})",
                where=str(data),
                action="run as that user, or set CAUCE_HOME to a folder of your own",
            )
        return Account(me, group) if _known(me) or not user_namespace else _mapped(me, group, program)
    if owner is not None and owner.st_uid != 0:
        return _switched(owner.st_uid, owner.st_gid, home, program)
    if user_namespace and (account := _mapped(0, group, program)).prefix:
        return account
    nobody = _someone("nobody")
    return _switched(nobody.pw_uid, nobody.pw_gid, home, program)


def _mapped(uid: int, gid: int, program: Path) -> Account:
    """The same account under another name, in a user namespace; without a prefix where the system allows none."""
    unshare = shutil.which("unshare")
    if unshare:
        prefix = (unshare, "--user", f"--map-user={_someone().pw_uid}", "--")
        if _runs((*prefix, str(program), "--version")):
            return Account(uid, gid, prefix)
    return Account(uid, gid)


def _switched(uid: int, gid: int, home: Path, program: Path) -> Account:
    """Another account. It keeps root's reach over files only if it could not get at its own files otherwise."""
    if home.stat().st_uid == 0:
        home.chmod(
            home.stat().st_mode | 0o011
        )  # to pass through, not to list; what is secret in it is closed by itself
    setpriv, shell = shutil.which("setpriv"), shutil.which("sh")
    if setpriv and shell:
        change = (setpriv, f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
        attempt = (shell, "-c", 'cd "$1" && exec "$2" --version', shell, str(home), str(program))
        for prefix in ((*change, "--"), (*change, *KEEP_REACH, "--")):
            if _runs((*prefix, *attempt)):
                return Account(uid, gid, prefix)
    raise FatalError(
        f"PostgreSQL does not run as root, and {_name(uid)} cannot reach it",
        where=str(home),
        action="run as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own",
    )


def _runs(command: tuple[str, ...]) -> bool:
    try:
        done = subprocess.run(command, env=ENVIRONMENT, cwd="/", capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _known(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def _someone(name: str | None = None) -> pwd.struct_passwd:
    """An unprivileged account of this system; initdb insists on one that has a name."""
    others = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not others:
        raise FatalError(
            "PostgreSQL does not run as root, and this system has no other account",
            where="/etc/passwd",
            action="add one (`useradd cauce`), or set DATABASE_URL to a PostgreSQL of your own",
        )
    # Whoever a namespace does not know appears in it as the overflow account: take another where there is one.
    return min(others, key=lambda entry: (entry.pw_name != name, entry.pw_uid == OVERFLOW_UID))


def _name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name if _known(uid) else f"uid {uid}"
