#!/usr/bin/env python3
"""Fetch libtorch into a per-user cache and link it as ./libtorch.

usage: fetch_libtorch.py [--flavour auto|cpu|cuda]

libtorch comes out of the `torch` wheel, whose version is pinned below because the tch crate
works with exactly one. The cache is shared by all clones of this repository:

    <cache>/resnet-tui/libtorch-2.11.0-cpu/torch/{include,lib}

The folder appears under that name only when it is complete, so an interrupted download is never
mistaken for a finished one. Nothing happens when LIBTORCH is set: then that libtorch is used.

Flavours: `cpu` keeps the headers and the CPU libraries (about 540 MB); `cuda` keeps everything the
wheel depends on (about 5 GB). `auto` takes `cuda` where an NVIDIA driver answers.
"""

import argparse
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

TORCH_VERSION = "2.11.0"
# What libtorch_cpu.so of the Linux x86-64 wheel needs even when no GPU is used.
CPU_RUNTIME_WHEELS = ["nvidia-cuda-runtime==13.0.*", "nvidia-cuda-cupti==13.0.*"]
CPU_LIBRARIES = ("libtorch_cpu.", "libc10.", "libtorch.", "libgomp", "libomp")
ATTEMPTS = 4

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
LINK = REPOSITORY / "libtorch"


def say(text):
    print(f"libtorch: {text}", flush=True)


def cache_folder():
    if "XDG_CACHE_HOME" in os.environ:
        return pathlib.Path(os.environ["XDG_CACHE_HOME"]) / "resnet-tui"
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
        "Build or download a libtorch 2.11.0 yourself and set LIBTORCH to its folder."
    )


def pip_install(target, requirements, tag, with_dependencies):
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-cache-dir", "--no-compile", "--no-input", "--root-user-action=ignore", "--retries", "5", "--timeout", "60"]
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
        if subprocess.run(command + requirements, check=False).returncode == 0:
            return
        shutil.rmtree(target, ignore_errors=True)
        if attempt < ATTEMPTS:
            pause = 5 * attempt
            say(f"the download failed (attempt {attempt} of {ATTEMPTS}); again in {pause} s")
            time.sleep(pause)
    sys.exit(
        f"libtorch: pip could not install {' '.join(requirements)} (see above).\n"
        "Check the network (and `python3 -m pip --version`), then run the same command again."
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


def check(folder):
    lib = folder / "torch" / "lib"
    for stem in ("libtorch_cpu", "libc10"):
        if not any(lib.glob(f"{stem}.*")):
            sys.exit(f"libtorch: the torch wheel holds no {stem}; please report this.")
    if not (folder / "torch" / "include" / "ATen").is_dir():
        sys.exit("libtorch: the torch wheel holds no headers; please report this.")


def fetch(flavour):
    final = cache_folder() / f"libtorch-{TORCH_VERSION}-{flavour}"
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    tag, needs_cuda_runtime = wheel_platform()
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
        check(site)
        try:
            site.rename(final)
        except OSError:
            if not final.is_dir():  # not merely another clone that was faster
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return final


def link(folder):
    target = folder / "torch"
    if LINK.is_symlink():
        if pathlib.Path(os.readlink(LINK)) == target:
            return
        LINK.unlink()
    elif LINK.exists():
        say(f"{LINK} is a folder of your own: it is used as it is")
        return
    LINK.symlink_to(target)
    say(f"linked {LINK.name} -> {target}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--flavour",
        choices=("auto", "cpu", "cuda"),
        default=os.environ.get("RESNET_TUI_LIBTORCH", "auto"),
        help="which libraries to keep (default: auto, or RESNET_TUI_LIBTORCH)",
    )
    flavour = parser.parse_args().flavour
    if os.environ.get("LIBTORCH"):
        say(f"using LIBTORCH={os.environ['LIBTORCH']}")
        return
    if flavour == "auto":
        flavour = "cuda" if sys.platform == "linux" and has_nvidia_driver() else "cpu"
    link(fetch(flavour))


if __name__ == "__main__":
    main()
