"""The posts in Postgres, for the web app and the worker."""

import os
from contextlib import closing
from pathlib import Path

import psycopg2


def _connect():
    """Open a connection; the password is read each time, so that a new one needs no restart."""
    return psycopg2.connect(
        host=os.environ["DATABASE_HOST"],
        dbname="blog",
        user="blog",
        password=Path("/run/secrets/db_password").read_text().strip(),
        connect_timeout=3,
    )


def ask(statement, *values):
    """Run one statement in a transaction of its own and return its rows."""
    with closing(_connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def posts():
    """Return all posts as (id, title, body), the newest first."""
    return ask("SELECT id, title, body FROM posts ORDER BY id DESC")


def add(title, body):
    """Store a post and return its number."""
    return ask("INSERT INTO posts (title, body) VALUES (%s, %s) RETURNING id", title, body)[0][0]
