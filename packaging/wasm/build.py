"""Builds the bank as WebAssembly, out of the Cython sources of Python's bank, with nothing of Python inside.

    python packaging/wasm/build.py build/wasm

writes bank.wasm (with 128-bit SIMD) and bank-plain.wasm (for browsers without). Needs pip's ziglang, or Debian's clang,
lld, wasi-libc and libclang-rt-14-dev-wasm32. CMakeLists.txt runs it, with the C that Cython has made already.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "src"
PACKAGE = SOURCES / "formant_dsp"
SIMD = ["-msimd128", "-mbulk-memory"]
LOOPS = ["-O2", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros"]
"""As CMakeLists.txt has them, but -O2: -O3 makes a file that is 16 % larger. No -ffast-math, no relaxed SIMD."""
SMALL = ["-Oz"]
"""All but the sample loops: a page has to load it."""
KERNELS = ["-fno-unroll-loops", "-DCYTHON_INLINE=inline __attribute__((always_inline))"]
"""clang unrolls the loops of a hop until the kernels have twice their size; a page has to load them, too.
Unlike in CMakeLists.txt, numbers may be infinite. If they may not, clang takes `max`, which costs a browser seven
instructions, instead of `pmax`, which costs one."""
LINK = ["-mexec-model=reactor", "-Wl,--gc-sections", "-Wl,--strip-all", "-Wl,-z,stack-size=65536"]


MODULES = {
    "kernels": ("formant_dsp.kernels._kernels", PACKAGE / "kernels" / "_kernels.pyx"),
    "core": ("formant_dsp.bank.core", PACKAGE / "bank" / "core.pyx"),
    "mapping": ("formant_dsp.touch.mapping", PACKAGE / "touch" / "mapping.pyx"),
}


class BuildError(RuntimeError):
    """There is no compiler, or it could not; the text says what to install."""


def compiler() -> tuple[list[str], str]:
    """The command of a C compiler for WebAssembly, and the target as it names it."""
    if importlib.util.find_spec("ziglang") is not None:  # first: the wheels pin it, and so their bytes
        return [sys.executable, "-m", "ziglang", "cc"], "wasm32-wasi-musl"
    if shutil.which("clang") and shutil.which("wasm-ld"):
        return ["clang"], "wasm32-wasi"
    raise BuildError(
        "no compiler for WebAssembly: apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32, "
        "or pip install ziglang"
    )


Sources = Sequence[tuple[Path, Sequence[str]]]
"""C files, each with the options that only it needs."""


def build(folder: Path, translated: Mapping[str, Path] | None = None, more: Sequence[Path] = ()) -> list[Path]:
    """Writes bank.wasm and bank-plain.wasm into `folder`; returns their paths. Raises BuildError.

    translated   C files that Cython has made, by the names of MODULES; without it Cython runs here
    more         further C files that export functions of their own, as benchmarks/wasm/kernel.c
    """
    compiler()  # before Cython, which may be missing, too
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        c = dict(translated or {name: _translate(name, *module, work) for name, module in MODULES.items()})
        sources = [(c.pop("kernels"), KERNELS), *((path, SMALL) for path in c.values()), (HERE / "page.c", SMALL)]
        sources += [(path, SMALL) for path in more]
        _headers(work / "headers")
        twins: dict[Path, list[str]] = {folder / "bank.wasm": SIMD, folder / "bank-plain.wasm": []}
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda target: _link(target, twins[target], sources, work), twins))


def _translate(name: str, module: str, source: Path, work: Path) -> Path:
    options = ["-3", "-X", "cdivision=True", "--module-name", module, "-I", str(SOURCES)]
    _run([sys.executable, "-m", "cython", *options, "-o", str(work / f"{name}.c"), str(source)])
    return work / f"{name}.c"


def _headers(folder: Path) -> None:
    """Any Python's headers from 3.11 on, for their types. Python.h takes the pyconfig.h that lies beside it."""
    shutil.copytree(sysconfig.get_path("include"), folder)
    shutil.copyfile(HERE / "pyconfig.h", folder / "pyconfig.h")


def _link(target: Path, simd: list[str], sources: Sources, work: Path) -> Path:
    cc, triple = compiler()
    common = [*cc, f"--target={triple}", *LOOPS, *simd, "-ffunction-sections", "-fdata-sections", "-w"]
    common += ["-DPy_LIMITED_API=0x030b0000", "-isystem", str(work / "headers"), "-I", str(PACKAGE)]
    objects = []
    for source, more in sources:
        objects.append(str(work / f"{target.stem}-{source.stem}.o"))
        _run([*common, *more, "-c", str(source), "-o", objects[-1]])
    _run([*cc, f"--target={triple}", *LINK, *objects, "-o", str(target)])
    target.chmod(0o644)
    return target


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"{' '.join(command[:4])} … failed:\n{done.stderr[-4000:]}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("folder", type=Path, nargs="?", help="where the files go, for example build/wasm")
    arguments.add_argument("--check", action="store_true", help="only say whether there is a compiler")
    arguments.add_argument("--optional", action="store_true", help="a failure is told, and is no error")
    for name in MODULES:
        arguments.add_argument(f"--{name}", type=Path, help="C that Cython has made already; give all three or none")
    given = arguments.parse_args()
    try:
        if given.check:
            print(" ".join(compiler()[0]))
            return
        if given.folder is None:
            arguments.error("the folder is missing, for example build/wasm")
        translated = {name: getattr(given, name) for name in MODULES if getattr(given, name) is not None}
        for path in build(given.folder, translated or None):
            print(f"{path}  {path.stat().st_size} bytes")
    except BuildError as error:
        if not given.optional:
            sys.exit(f"no bank.wasm: {error}")
        print(f"no bank.wasm, so pages of this build cannot sing: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
