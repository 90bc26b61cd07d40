import hashlib
from pathlib import Path

import pytest

from vivavoce.tools.code.interpreter_file import SHA256, compiled_path, interpreter_path, why_not
from vivavoce.tools.code.limits import SandboxOrder
from vivavoce.tools.code.process import SandboxEnded, compile_interpreter, start_sandbox


def order(folder: Path, **changes: object) -> SandboxOrder:
    values: dict[str, object] = {
        "interpreter": str(interpreter_path()),
        "sha256": SHA256,
        "compiled": str(compiled_path(folder)),
        "memory_bytes": 100_000_000,
        "file_bytes": 1_000_000,
        "cpu_s": 30,
        "max_output_characters": 100,
        "max_files": 1,
        "max_picture_bytes": 0,
    }
    return SandboxOrder(**values | changes)  # type: ignore[arg-type]  # as its fields are


def test_the_interpreter_that_is_installed_is_the_one_that_is_meant() -> None:
    assert why_not() is None
    path = interpreter_path()
    assert path is not None
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256


async def test_another_interpreter_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.wasm"
    other.write_bytes(b"\0asm\1\0\0\0")
    with pytest.raises(SandboxEnded):
        await compile_interpreter(order(tmp_path, interpreter=str(other)))
    assert not compiled_path(tmp_path).exists()


async def test_machine_code_that_is_damaged_is_made_again(compiled: Path) -> None:
    await compile_interpreter(order(compiled))
    sandbox = await start_sandbox(order(compiled))
    try:
        assert (await sandbox.run("1 + 1")).value == "2"
    finally:
        await sandbox.end()
    assert compiled_path(compiled).stat().st_size > 1_000_000
