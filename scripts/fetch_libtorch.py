#!/usr/bin/env python3
"""Fetch libtorch into a per-user cache and link it as ./libtorch.

usage: fetch_libtorch.py [--flavour auto|cpu|cuda]

libtorch comes out of the `torch` wheel, whose version is pinned below because the tch crate
works with exactly one. The cache is shared by all clones of this repository:

    <cache>/resnet-tui/libtorch-2.11.0-cpu/torch/{include,lib}

The folder appears under that name only when it is complete, so an interrupted download is never
mistaken for a finished one. One process at a time downloads; others wait for it. Nothing is fetched
when LIBTORCH is set: then that libtorch is used.

Flavours: `cpu` keeps the headers and the CPU libraries (about 540 MB); `cuda` keeps everything the
wheel depends on (about 5 GB). `auto` takes `cuda` where an NVIDIA driver answers.
"""

import argparse
import contextlib
import fcntl
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

if sys.version_info < (3, 9):
    sys.exit(f"libtorch: Python 3.9 or later is needed; this is {platform.python_version()}.")

TORCH_VERSION = "2.11.0"
# What libtorch_cpu.so of the Linux x86-64 wheel needs even when no GPU is used.
CPU_RUNTIME_WHEELS = ["nvidia-cuda-runtime==13.0.*", "nvidia-cuda-cupti==13.0.*"]
BRING_YOUR_OWN = f"Build or download libtorch {TORCH_VERSION} yourself and set LIBTORCH to its folder."
CPU_LIBRARIES = ("libtorch_cpu.", "libc10.", "libtorch.", "libgomp", "libomp")
ATTEMPTS = 4

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
LINK = REPOSITORY / "libtorch"
FLAVOURS = ("auto", "cpu", "cuda")


def say(text):
    print(f"libtorch: {text}", flush=True)


def cache_folder():
    named = pathlib.Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named / "resnet-tui"
    if sys.platform == "darwin":
        return pathlib.Path.home() / "Library" / "Caches" / "resnet-tui"
    return pathlib.Path.home() / ".cache" / "resnet-tui"


def has_nvidia_driver():
    if shutil.which("nvidia-smi") is None:
        return False
    answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=False)
    return answer.returncode == 0 and b"GPU" in answer.stdout


def wheel_platform():
    """The wheel platform tag and whether that wheel needs the CUDA runtime to load at all."""
    machine = platform.machine().lower()
    if sys.platform == "linux" and machine in ("x86_64", "amd64"):
        return "manylinux_2_28_x86_64", True
    if sys.platform == "linux" and machine in ("aarch64", "arm64"):
        return "manylinux_2_28_aarch64", True
    if sys.platform == "darwin" and machine == "arm64":
        return "macosx_14_0_arm64", False
    sys.exit(
        f"libtorch: there is no torch {TORCH_VERSION} wheel for {sys.platform} on {machine}.\n"
        f"{BRING_YOUR_OWN}"
    )


def check_c_library():
    """The Linux wheels are built for glibc 2.28 and later."""
    name, version = platform.libc_ver()
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if sys.platform == "linux" and (name != "glibc" or numbers < (2, 28)):
        found = f"{name} {version}".strip() or "another C library"
        sys.exit(
            f"libtorch: the torch wheel needs glibc 2.28 or later; this system has {found}.\n"
            f"{BRING_YOUR_OWN}"
        )


def check_pip():
    answer = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    if answer.returncode != 0:
        sys.exit(
            f"libtorch: pip is missing for {sys.executable}, and libtorch is fetched with it.\n"
            "Install it (Debian and Ubuntu: apt install python3-pip; elsewhere: "
            "python3 -m ensurepip --user), then run the same command again."
        )


def pip_install(target, requirements, tag, with_dependencies):
    scratch = target.parent / "scratch"
    scratch.mkdir()
    environment = dict(
        os.environ,
        # What a user may have set for installations of their own would be refused with --target.
        PIP_USER="0",
        PIP_REQUIRE_VIRTUALENV="0",
        # A flag of this name is unknown to older versions of pip.
        PIP_ROOT_USER_ACTION="ignore",
        # The wheels are larger than many a /tmp.
        TMPDIR=str(scratch),
    )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-cache-dir", "--no-compile", "--no-input", "--retries", "5", "--timeout", "60"]
    command += ["--target", str(target), "--only-binary=:all:", "--python-version", "3.12"]
    command += ["--implementation", "cp", "--platform", tag]
    if tag.startswith("manylinux_2_28"):
        # The NVIDIA wheels carry older tags of the same family, not all the same one.
        machine = tag.removeprefix("manylinux_2_28")
        for minor in range(27, 16, -1):
            command += ["--platform", f"manylinux_2_{minor}{machine}"]
        command += ["--platform", f"manylinux2014{machine}"]
    if not with_dependencies:
        command += ["--no-deps"]
    for attempt in range(1, ATTEMPTS + 1):
        if subprocess.run(command + requirements, env=environment, check=False).returncode == 0:
            return
        shutil.rmtree(target, ignore_errors=True)
        if attempt < ATTEMPTS:
            pause = 5 * attempt
            say(f"the download failed (attempt {attempt} of {ATTEMPTS}); again in {pause} s")
            time.sleep(pause)
    sys.exit(
        f"libtorch: pip could not install {' '.join(requirements)} (see above).\n"
        "Check the network and the free disk space, then run the same command again."
    )


def keep_cpu_part(folder):
    """Drop everything but the headers and the CPU libraries."""
    torch = folder / "torch"
    for entry in folder.iterdir():
        if entry.name not in ("torch", "nvidia"):
            remove(entry)
    for entry in torch.iterdir():
        if entry.name not in ("include", "lib"):
            remove(entry)
    for entry in (torch / "lib").iterdir():
        if not entry.name.startswith(CPU_LIBRARIES):
            remove(entry)


def remove(path):
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def missing_parts(libtorch):
    """What a folder lacks to be a libtorch that can be built with."""
    lib = libtorch / "lib"
    missing = [f"lib/{stem}" for stem in ("libtorch_cpu", "libc10") if not any(lib.glob(f"{stem}.*"))]
    if not (libtorch / "include" / "ATen").is_dir():
        missing.append("include/ATen")
    return missing


@contextlib.contextmanager
def only_one(folder):
    """Holds a lock that the operating system gives back however this process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is fetching it; waiting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(flavour):
    final = cache_folder() / f"libtorch-{TORCH_VERSION}-{flavour}"
    if final.is_dir():
        return final
    with only_one(final.parent):
        if not final.is_dir():
            download(flavour, final)
    return final


def download(flavour, final):
    tag, needs_cuda_runtime = wheel_platform()
    check_c_library()
    check_pip()
    for abandoned in final.parent.glob(".unfinished-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    say(f"fetching libtorch {TORCH_VERSION} ({flavour}) into {final} (once per user)")
    staging = pathlib.Path(tempfile.mkdtemp(prefix=".unfinished-", dir=final.parent))
    try:
        site = staging / "site"
        requirements = [f"torch=={TORCH_VERSION}"]
        if flavour == "cpu":
            requirements += CPU_RUNTIME_WHEELS if needs_cuda_runtime else []
        pip_install(site, requirements, tag, with_dependencies=flavour == "cuda")
        if flavour == "cpu":
            keep_cpu_part(site)
        missing = missing_parts(site / "torch")
        if missing:
            sys.exit(f"libtorch: the torch wheel lacks {', '.join(missing)}; please report this.")
        site.rename(final)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def link(folder):
    target = folder / "torch"
    if LINK.is_symlink():
        if pathlib.Path(os.readlink(LINK)) == target:
            return
    elif LINK.exists():
        say(f"{LINK} is a folder of your own: it is used as it is")
        return
    # Renamed into place: a build that runs meanwhile finds the old link or the new one.
    aside = LINK.with_name(f".libtorch-{os.getpid()}")
    aside.symlink_to(target)
    aside.replace(LINK)
    say(f"linked {LINK.name} -> {target}")


def use_own(folder):
    missing = missing_parts(folder)
    if missing:
        sys.exit(
            f"libtorch: LIBTORCH is {folder}, which lacks {', '.join(missing)}.\n"
            "Set it to a libtorch folder, or unset it to have one fetched."
        )
    say(f"using LIBTORCH={folder}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--flavour",
        choices=FLAVOURS,
        default=os.environ.get("RESNET_TUI_LIBTORCH", "auto"),
        help="which libraries to keep (default: auto, or RESNET_TUI_LIBTORCH)",
    )
    flavour = parser.parse_args().flavour
    if flavour not in FLAVOURS:  # argparse does not look at defaults
        parser.error(f"RESNET_TUI_LIBTORCH is {flavour!r}; allowed is one of {', '.join(FLAVOURS)}")
    if os.environ.get("LIBTORCH"):
        use_own(pathlib.Path(os.environ["LIBTORCH"]))
        return
    if flavour == "auto":
        flavour = "cuda" if sys.platform == "linux" and has_nvidia_driver() else "cpu"
    link(fetch(flavour))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(f"libtorch: {error}")
