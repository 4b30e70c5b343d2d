"""`lake notebook`: the notebooks of notebooks/ on this lake, opened in Jupyter or run as they are.

On Databricks the same files are opened from the repository's folder; they ask `lake.settings` where
the lake is, and hold no path.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from lake.errors import LakeError
from lake.settings import Settings

_LONGEST_CELL_S = 600


class NoNotebook(LakeError):
    """A notebook that is not there."""

    code = "no-notebook"


class NoJupyter(LakeError):
    """What opens or runs notebooks is not installed."""

    code = "no-jupyter"


class NotebookFailed(LakeError):
    """A cell of a notebook raised an error."""

    code = "notebook-failed"


def notebook(
    name: Annotated[str, typer.Argument(help="One of them; none: list them.")] = "",
    run: Annotated[
        bool, typer.Option("--run", help="Run it from top to bottom, and keep it in the lake.")
    ] = False,
) -> None:
    """List the notebooks, open one in Jupyter, or run one.

    Examples: lake notebook; lake notebook explore_a_home; lake notebook explore_a_home --run
    """
    folder, settings = notebooks_folder(), Settings()
    if not name:
        typer.echo("\n".join(sorted(file.stem for file in folder.glob("*.ipynb"))))
        return
    file = folder / f"{Path(name).stem}.ipynb"
    if not file.is_file():
        raise NoNotebook(f"there is no notebook {name}", cure="`lake notebook` lists them")
    if run:
        typer.echo(f"{name} ran; with its answers: {execute(file, settings=settings)}")
        return
    command = shutil.which("jupyter-lab") or shutil.which("jupyter-notebook")
    if not command:
        raise NoJupyter(
            "Jupyter is not installed",
            cure=f"uv pip install jupyterlab, or run it: lake notebook {name} --run",
        )
    subprocess.run([command, str(file)], check=False, env=_environment(settings))


def execute(file: Path, *, settings: Settings) -> Path:
    """Run a notebook on a lake; return where it stands with what its cells said.

    NoJupyter; NotebookFailed, with the notebook kept up to the cell that failed.
    """
    try:
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError
    except ImportError as error:
        raise NoJupyter(
            f"what runs notebooks is not installed: {error.name}",
            cure="uv sync --extra notebooks (or make setup)",
        ) from error
    out = settings.beside_tables("_notebooks") / file.name
    out.parent.mkdir(parents=True, exist_ok=True)
    read = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        read, timeout=_LONGEST_CELL_S, kernel_name="python3",
        resources={"metadata": {"path": str(out.parent)}},
        # It warns that it listens on this machine's own address.
        extra_arguments=["--log-level=ERROR"],
    )  # fmt: skip
    try:
        client.execute(env=_environment(settings))
    except CellExecutionError as error:
        said = f"{error.ename}: {error.evalue}".splitlines()[0][:300]
        raise NotebookFailed(
            f"{file.stem}: {said}", where=str(out), cure="open it there, up to that cell"
        ) from error
    finally:
        nbformat.write(read, out)  # type: ignore[no-untyped-call]
    return out


def notebooks_folder() -> Path:
    """Return notebooks/: here, or beside the code."""
    here = Path("notebooks")
    return here if here.is_dir() else Path(__file__).parent.parent / "notebooks"


def _environment(settings: Settings) -> dict[str, str]:
    """Return the kernel's environment: this lake, this Python, plots without a screen."""
    beside = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH", "")]))
    return {
        **os.environ, "ELIQ_LAKE": settings.root, "PYTHONPATH": beside,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }  # fmt: skip
