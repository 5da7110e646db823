"""The formats in which diagnostics are shown: one line here each."""

from __future__ import annotations

from composegen.render.machine import render_github, render_json
from composegen.render.text import render

FORMATS = {"text": render, "json": render_json, "github": render_github}
