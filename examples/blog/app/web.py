"""The blog's pages."""

import os
import tomllib
from html import escape
from pathlib import Path

import store
from flask import Flask, abort, redirect, request, send_from_directory

NAME = tomllib.loads(Path("/etc/blog.toml").read_text())["name"]
FORM = (
    '<form method="post" action="/posts"><input name="title"><textarea name="body"></textarea>'
    "<button>Publish</button></form>"
)
app = Flask(__name__)


@app.get("/")
def index():
    """List the posts."""
    items = "".join(f"<li><a href='/posts/{n}'>{escape(title)}</a>" for n, title, _ in store.posts())
    author = escape(os.environ["BLOG_AUTHOR"])
    return f"<!doctype html><h1>{escape(NAME)}</h1><p>by {author}<ul>{items}</ul>{FORM}"


@app.get("/posts/<int:number>")
def show(number):
    """Show one post."""
    found = [(title, body) for n, title, body in store.posts() if n == number]
    if not found:
        abort(404)
    title, body = found[0]
    return f"<!doctype html><h1>{escape(title)}</h1><p>{escape(body)}"


@app.post("/posts")
def publish():
    """Store a post and lead to it."""
    title = request.form.get("title", "").strip()
    if not title:
        abort(400)
    return redirect(f"/posts/{store.add(title, request.form.get('body', ''))}", 303)


@app.get("/public/<path:name>")
def public(name):
    """Serve what the worker wrote."""
    return send_from_directory("/srv/public", name)


@app.get("/health")
def health():
    """Answer when the database does."""
    store.ask("SELECT 1")
    return "ok"
