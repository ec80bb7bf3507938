"""Writes docs/metrics.md from the catalogue; run from the repository's root."""

from pathlib import Path

from services.stats.catalogue import CATALOGUE
from services.stats.catalogue.document import page

PAGE = Path("docs/metrics.md")


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(CATALOGUE), encoding="utf-8")
    print(f"{PAGE} written")


if __name__ == "__main__":
    main()
