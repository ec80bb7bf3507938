"""Runs the patrols service: its API and its relay in one process."""

from services.patrols.app import create_app
from services.patrols.settings import PatrolsSettings
from shared.web import serve


def main() -> None:
    """Serve until told to stop."""
    settings = PatrolsSettings.load()
    serve(create_app(settings), settings)


if __name__ == "__main__":
    main()
