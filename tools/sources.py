# SPDX-License-Identifier: Apache-2.0
"""What the tools share: the files of the project, C++ text without comments and literals, folders to work in."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile

CPP = {".cpp", ".h", ".def"}
NOT_OURS = ("build/", "shared/", "tests/data/")


def project_files(root):
    """Files that git tracks or would track, as paths relative to `root`, sorted; every file where there is no git."""
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        names = answer.stdout.splitlines()
    else:
        names = [str(path.relative_to(root)) for path in pathlib.Path(root).rglob("*") if path.is_file()]
    kept = {name for name in names if not name.startswith(NOT_OURS) and (pathlib.Path(root) / name).is_file()}
    return sorted(kept)


def cpp_files(root):
    return [name for name in project_files(root) if pathlib.PurePath(name).suffix in CPP]


# Raw strings first: their content may look like anything. A quote between digits separates thousands.
COMMENT_OR_LITERAL = re.compile(
    r'R"(?P<mark>[^()\\ ]{0,16})\(.*?\)(?P=mark)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-zA-Z])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


def bare_text(text):
    """`text` with comments and literals blanked; line ends stay, so line numbers hold. Include lines are kept."""
    def blank(match):
        lines = match.group(0).count("\n")
        is_comment = match.group(0).startswith(("//", "/*"))
        return "\n" * lines if is_comment else '""' + "\n" * lines

    lines = []
    for line in COMMENT_OR_LITERAL.sub(blank, text).splitlines():
        # Directives cannot hold functions, and their braces need not pair.
        lines.append("" if line.lstrip().startswith("#") or (lines and lines[-1].endswith("\\")) else line)
    return "\n".join(lines)


def report(name, problems, summary):
    """Prints one line, then the problems; returns the exit status."""
    print(f"{'FAIL' if problems else 'ok':4} {name}: {len(problems)} problems" if problems else f"ok   {name}: {summary}")
    for problem in problems:
        print(f"     {problem}")
    return 1 if problems else 0


@contextlib.contextmanager
def work_folder(arguments):
    """An empty folder: the one that the first argument names, or one of its own. It goes when the work is done, and
    stays to be looked at where the work failed."""
    folder = pathlib.Path(arguments[1] if len(arguments) > 1 else tempfile.mkdtemp())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)
