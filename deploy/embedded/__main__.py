"""`python -m deploy.embedded`: everything on this machine, until Ctrl-C; owns the signals and the exit code."""

import asyncio
import os
import signal
import sys

from deploy.embedded.directory import DirectoryRefused
from deploy.embedded.ports import SetUpRefused
from deploy.embedded.servers import ServerNotAvailable
from deploy.embedded.supervisor import Supervisor
from deploy.embedded.system import ROOT, SetUp
from deploy.embedded.terminal import picture
from deploy.keys import make_keys


async def run(set_up: SetUp) -> None:
    """Start everything, keep it running, and end it when asked."""
    if set_up.broker is not None:
        await set_up.make_topics()
    children = set_up.children()
    with picture(f"Commune Pulse  {set_up.address('stats')}/") as shown:
        supervisor = Supervisor(
            children, logs=set_up.directory.logs, picture=shown, environment=set_up.environment, directory=ROOT
        )
        stop = asyncio.Event()

        def ask() -> None:
            if stop.is_set():
                supervisor.kill()
            else:
                shown.notice("Ending everything; once more to end it at once.")
                stop.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, ask)
        await supervisor.run(stop)
        shown.notice("Everything has ended.")


def main() -> None:
    """Run, or say in one sentence why not."""
    try:
        set_up = SetUp.of(os.environ)
        set_up.directory.claim(fresh=set_up.fresh)
        set_up.check_ports()
        make_keys(set_up.directory.keys)
        asyncio.run(run(set_up))
    except (SetUpRefused, DirectoryRefused, ServerNotAvailable) as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
