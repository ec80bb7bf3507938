"""Runs the tips service: its API and its relay in one process."""

from services.tips.app import create_app
from services.tips.settings import TipsSettings
from shared.web import serve


def main() -> None:
    """Serve until told to stop. Raises: SystemExit with one sentence for a key that cannot be used."""
    settings = TipsSettings.load()
    try:
        app = create_app(settings)
    except ValueError as error:
        raise SystemExit(f"Settings: {error}.") from None
    serve(app, settings)


if __name__ == "__main__":
    main()
