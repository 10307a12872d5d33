#!/bin/sh
# One database and one user for each of cases, library and memory. Run by Postgres's image at its first start.
set -eu
secrets=${SECRETS:-/run/secrets}
for room in cases library memory; do
    # The password goes in by standard input: it must not stand among a process's arguments.
    {
        printf "\\\\set word '%s'\n" "$(cat "$secrets/postgres_$room")"
        echo "CREATE ROLE $room LOGIN PASSWORD :'word';"
        echo "CREATE DATABASE $room OWNER $room;"
        echo "REVOKE ALL ON DATABASE $room FROM PUBLIC;"
    } | psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres
done
