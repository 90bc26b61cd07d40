"""What runs inside the sandbox: reads pieces of code, answers with what came of each.

This is the program of the CPython within the sandbox, never imported by the server. The code that
it runs can change whatever is here, so nothing it says is trusted: the gateway bounds and checks.
One line of JSON each way: `{"call": 1, "code": "..."}` and `{"call": 1, "printed": "...", ...}`.
"""

import ast
import base64
import io
import json
import linecache
import os
import sys
import traceback

HOME = "/mnt/data"
FOLDERS = (HOME, "/tmp")
NAME = "<code>"
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")


class Printed(io.TextIOBase):
    """Keeps the first and the last of what is printed, and forgets the middle."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head = ""
        self._tail: list[str] = []
        self._n_in_tail = 0
        self._left_out = 0

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, text: str) -> int:
        """Take text; returns its length."""
        self._tail.append(text)
        self._n_in_tail += len(text)
        if self._n_in_tail > 8 * self._half:
            self._tidy()
        return len(text)

    def text(self) -> str:
        """Return what is left of it."""
        self._tidy()
        middle = f"\n... ({self._left_out} characters left out)\n" if self._left_out else ""
        return self._head + middle + "".join(self._tail)

    def _tidy(self) -> None:
        text = "".join(self._tail)
        room = self._half - len(self._head)
        self._head += text[:room]
        text = text[room:]
        cut = max(0, len(text) - self._half)
        self._left_out += cut
        self._tail = [text[cut:]]
        self._n_in_tail = len(text) - cut


def run(code: str, names: dict[str, object], limit: int) -> dict[str, object]:
    """Run a piece of code; return what it printed, its last value and its error, as text."""
    printed = Printed(limit)
    sys.stdout = sys.stderr = printed
    sys.stdin = io.StringIO("")
    # Line by line with "\n", so that an error can quote the line it arose in.
    linecache.cache[NAME] = (len(code), None, code.splitlines(keepends=True), NAME)
    value = error = None
    try:
        result = execute(code, names)
        if result is not None:
            names["_"] = result
            value = shortened(repr(result), limit)
    except BaseException as failure:  # noqa: BLE001 - SystemExit and its like are the code's, too
        error = shortened(described(failure), limit)
    return {"printed": printed.text(), "value": value, "error": error}


def execute(code: str, names: dict[str, object]) -> object:
    """Run statements; return the value of the last one: an expression, or what it assigned."""
    tree = parsed(code)
    match tree.body[-1:]:
        case [ast.Expr(value=expression)]:
            tree.body.pop()
            exec(compile(tree, NAME, "exec"), names)
            return eval(compile(ast.Expression(expression), NAME, "eval"), names)
        # Models often end with `total = ...` and expect to see it.
        case [ast.Assign(targets=[ast.Name(id=name)])]:
            exec(compile(tree, NAME, "exec"), names)
            return names[name]
        case _:
            exec(compile(tree, NAME, "exec"), names)
            return None


def parsed(code: str) -> ast.Module:
    """Parse code; small models like to end it with a brace that belongs around their call."""
    try:
        return ast.parse(code, NAME)
    except SyntaxError:
        if not code.endswith("}"):
            raise
        try:
            return ast.parse(code[:-1], NAME)
        except SyntaxError:
            pass
        raise


def described(failure: BaseException) -> str:
    """Return a traceback of the code's own lines, without ours."""
    trace = failure.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != NAME:
        trace = trace.tb_next
    # An error of syntax has no line of the code's in its traceback.
    return "".join(traceback.format_exception(type(failure), failure, trace, limit=-3)).strip()


def shortened(text: str, limit: int) -> str:
    """Return text with its middle left out when it is too long."""
    half = limit // 2
    left_out = len(text) - limit
    if left_out <= 0:
        return text
    return f"{text[:half]}\n... ({left_out} characters left out)\n{text[-half:]}"


def stamps() -> dict[str, tuple[int, int]]:
    """Return size and time of change of every file by its path."""
    found = {}
    for top in FOLDERS:
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                seen = os.stat(path)
                found[path] = (seen.st_size, seen.st_mtime_ns)
    return found


def new_files(
    before: dict[str, tuple[int, int]], max_files: int, max_picture_bytes: int
) -> list[dict[str, object]]:
    """Describe what was written since; small pictures with their content."""
    files: list[dict[str, object]] = []
    for path, stamp in sorted(stamps().items()):
        if before.get(path) == stamp or len(files) == max_files:
            continue
        content = None
        if path.lower().endswith(PICTURES) and stamp[0] <= max_picture_bytes:
            with open(path, "rb") as file:
                content = base64.b64encode(file.read()).decode()
            max_picture_bytes -= stamp[0]
        files.append({"path": path, "n_bytes": stamp[0], "content": content})
    return files


def main() -> None:
    """Answer until the input ends."""
    limit, max_files, max_picture_bytes = map(int, sys.argv[1:])
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    names: dict[str, object] = {"__name__": "__main__"}
    os.chdir(HOME)
    answers.write(b'{"ready": true}\n')
    answers.flush()
    for line in orders:
        order = json.loads(line)
        before = stamps()
        reply = run(order["code"], names, limit)
        try:
            reply["files"] = new_files(before, max_files, max_picture_bytes)
        except (OSError, MemoryError):
            reply["files"] = []
        answers.write(b"\n" + json.dumps({"call": order["call"], **reply}).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
