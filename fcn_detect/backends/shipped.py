"""The models that come with the package, by name."""

from pathlib import Path

from fcn_detect.errors import ModelError, did_you_mean

FOLDER = Path(__file__).parent.parent / "models"


def shipped_models() -> dict[str, Path]:
    """Names and files of the models that come with the package."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.safetensors"))}


def find_model(model: str | Path) -> Path:
    """The file of a model given by path or by shipped name; an existing file goes first.

    Raises:
        ModelError: it is neither.
    """
    path = Path(model)
    shipped = shipped_models()
    if str(model) in shipped and not path.is_file():  # a folder of that name may lie about
        return shipped[str(model)]
    if path.is_dir():
        raise ModelError(f"{model}: it is a folder; expected a model file")
    if path.exists():
        return path
    names = ", ".join(shipped) or "none"
    raise ModelError(
        f"{model}: there is no such model file, and no shipped model of that name; shipped "
        f"models: {names}{did_you_mean(path.name, shipped)}"
    )
