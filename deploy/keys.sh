#!/bin/sh
# Entry point of the container `keys`: makes the keys once and hands out only what each container may have.
# With arguments it goes on as `python -m deploy.keys`, for example: token --role auditor --unit '*'
set -eu
python -m deploy.keys init /keys/private >/dev/null
cp -u /keys/private/*.pub /keys/public/
mkdir -p /keys/public/communes
cp -u /keys/private/communes/*.pub /keys/public/communes/
cp -u /keys/private/receipt.key /keys/receipt/
cp -u /keys/private/desk/*.key /keys/desk/
cp -u /keys/private/webhook.keys /keys/webhook/
[ $# = 0 ] || exec python -m deploy.keys "$@" --keys /keys/private
