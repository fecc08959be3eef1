"""The packages from PyPI that the guide's Python imports, in pinned versions, in a folder of the user's cache."""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def folder():
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "seamline" / f"guide-python-{digest}"


def install():
    """Installs them where that was not done yet. Needs the network then."""
    if folder().exists():
        return
    folder().parent.mkdir(parents=True, exist_ok=True)
    unfinished = tempfile.mkdtemp(prefix="unfinished-", dir=folder().parent)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action", "ignore",
                    "--no-deps", "--target", unfinished, "--requirement", REQUIREMENTS], check=True)
    try:
        os.rename(unfinished, folder())
    except OSError:  # somebody else was faster
        shutil.rmtree(unfinished)


def use():
    """Makes them importable."""
    sys.path.insert(0, str(folder()))
