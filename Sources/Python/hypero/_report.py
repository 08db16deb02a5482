"""The page of a battery."""

from __future__ import annotations

import html as markup
import os


class Report:
    """A page of a battery: one HTML file, which opens from the disk and sends no request."""

    #: The height of the page in a notebook, in pixels.
    height: int = 720

    def __init__(self, html: str, notes: str) -> None:
        #: The text of the file.
        self.html = html
        #: What the query says beside the page, for example which partitions of a cluster are left out.
        self.notes = notes

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the file."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(self.html)

    def __repr__(self) -> str:
        return f"<hypero.Report of {len(self.html.encode()) // 1000} kB: save(path) writes it>"

    def _repr_html_(self) -> str:
        # Without allow-same-origin, the script of the page reaches neither the notebook nor its cookies.
        return (
            f'<iframe sandbox="allow-scripts allow-downloads" style="width: 100%; height: {self.height}px; border: 0" '
            f'srcdoc="{markup.escape(self.html)}"></iframe>')
