"""Models of the Hugging Face hub in pywebnn's layout: ``model.webnn``, ``model.weights``,
``manifest.json``."""

from __future__ import annotations

import os
import pathlib
import shutil
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from ._errors import FileError, ValidationError

if TYPE_CHECKING:
    from ._context import MLContext
    from ._core import MLGraph

_FILES = {
    "graph": ["model.webnn"],
    "weights": ["model.weights", "model.safetensors"],
    "manifest": ["manifest.json", "model.manifest.json"],
}


class Hub:
    """Downloads models once and keeps them.

    Args:
        cache_dir: Where; ``~/.cache/webnn`` if None.
        endpoint: The hub's address; the environment variable HF_ENDPOINT, else huggingface.co.
    """

    def __init__(
        self, cache_dir: str | os.PathLike[str] | None = None, endpoint: str | None = None
    ) -> None:
        self.cache_dir = pathlib.Path(cache_dir or pathlib.Path.home() / ".cache" / "webnn")
        self.endpoint = (
            endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        ).rstrip("/")

    def _folder(self, model_id: str) -> pathlib.Path:
        parts = model_id.split("/")
        if len(parts) != 2 or not all(part and part not in (".", "..") for part in parts):
            raise ValidationError(f"a model's name is user/name, not {model_id!r}")
        return self.cache_dir / "hub" / f"{parts[0]}--{parts[1]}"

    def download_model(self, model_id: str, force: bool = False) -> dict[str, str]:
        """Paths of ``graph``, ``weights`` and ``manifest`` (those that the model has).

        Raises:
            FileError: the hub cannot be reached, or has no such model.
        """
        folder = self._folder(model_id)
        found: dict[str, str] = {}
        # Written last: what is not here then is not there either.
        complete = folder / ".complete"
        offline = complete.is_file() and not force
        for kind, names in _FILES.items():
            errors = []
            for name in names:
                path = folder / name
                if offline and not path.is_file():
                    continue
                if force or not path.is_file():
                    try:
                        self._fetch(f"{self.endpoint}/{model_id}/resolve/main/{name}", path)
                    except (urllib.error.URLError, OSError) as error:
                        errors.append(f"{name}: {error}")
                        continue
                found[kind] = str(path)
                break
            if kind == "graph" and kind not in found:
                raise FileError(f"{model_id} could not be downloaded: {'; '.join(errors)}")
        complete.touch()
        return found

    def load(self, model_id: str, context: MLContext | None = None) -> MLGraph:
        """``webnn.load`` of the model."""
        from ._files import load

        files = self.download_model(model_id)
        return load(
            files["graph"],
            context,
            weights=files.get("weights"),
            manifest=files.get("manifest"),
        )

    def _fetch(self, url: str, path: pathlib.Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            with urllib.request.urlopen(url, timeout=60) as answer, open(partial, "wb") as file:
                shutil.copyfileobj(answer, file)
                expected = answer.headers.get("Content-Length")
                if expected is not None and file.tell() != int(expected):
                    raise OSError(f"{url} ended after {file.tell()} of {expected} bytes")
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)

    def list_cached_models(self) -> list[str]:
        """Names of the models that are here."""
        folder = self.cache_dir / "hub"
        if not folder.is_dir():
            return []
        return sorted(one.name.replace("--", "/", 1) for one in folder.iterdir() if one.is_dir())

    def clear_cache(self, model_id: str | None = None) -> None:
        """Removes one model, or all of them."""
        folder = self.cache_dir / "hub" if model_id is None else self._folder(model_id)
        shutil.rmtree(folder, ignore_errors=True)
