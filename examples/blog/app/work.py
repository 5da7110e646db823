"""The worker: writes the archive of all posts whenever it has changed."""

import time
from html import escape
from pathlib import Path

import psycopg2
import store

ARCHIVE = Path("/srv/public/archive.html")
EVERY = 1.0


def archive():
    """Return the archive page."""
    items = "".join(f"<li>{escape(title)}" for _, title, _ in store.posts())
    return f"<!doctype html><title>Archive</title><ul>{items}</ul>"


def write(page):
    """Replace the page; a reader sees the old one or the new one."""
    if not ARCHIVE.exists() or ARCHIVE.read_text() != page:
        new = ARCHIVE.with_suffix(".new")
        new.write_text(page)
        new.replace(ARCHIVE)
        print("archive written", flush=True)


while True:
    try:
        write(archive())
    except psycopg2.OperationalError as error:
        print(f"the database does not answer: {error}", flush=True)
    time.sleep(EVERY)
