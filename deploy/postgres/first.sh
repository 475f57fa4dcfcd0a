#!/bin/sh
# Run once, when PostgreSQL in compose.yaml begins with an empty volume: makes the bot's database and a role that owns it
# and is nothing else. The superuser, who was given the same password, keeps none, so that he is let in within the
# container alone.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
CREATE ROLE briefbot LOGIN PASSWORD :'password';
CREATE DATABASE briefbot OWNER briefbot;
DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD NULL', current_user); END $$;
SQL
