#!/bin/sh
# Starts Valkey with the password of its secret, which no argument shows. The queue survives a restart;
# a full memory refuses writes rather than forget tasks.
set -eu
umask 077
{
    echo "requirepass $(cat "${VALKEY_PASSWORD_FILE:-/run/secrets/valkey_password}")"
    echo "appendonly yes"
    echo "appendfsync everysec"
    echo "dir ${VALKEY_DATA:-/data}"
    echo "maxmemory 768mb"
    echo "maxmemory-policy noeviction"
} > "${VALKEY_CONFIG:=/tmp/valkey.conf}"
exec valkey-server "$VALKEY_CONFIG" "$@"
