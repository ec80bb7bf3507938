"""Runs the awards service: its API and its relay in one process."""

from services.awards.app import create_app
from services.awards.settings import AwardsSettings
from shared.web import serve


def main() -> None:
    """Serve until told to stop."""
    settings = AwardsSettings.load()
    serve(create_app(settings), settings)


if __name__ == "__main__":
    main()
