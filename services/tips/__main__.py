"""Starts one process of the tips service: its API with the relay, the desk, or a task of the custodians."""

import sys

from services.tips.settings import TipsSettings
from shared.web import serve


def main() -> None:
    """Serve until told to stop. Raises: SystemExit with one sentence for a key that cannot be used."""
    from services.tips.app import create_app

    settings = TipsSettings.load()
    try:
        app = create_app(settings)
    except ValueError as error:
        raise SystemExit(f"Settings: {error}.") from None
    serve(app, settings)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        from services.tips.tasks import cli

        cli()
