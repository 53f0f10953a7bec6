"""``python -m app`` is ``concordat``."""

from app.cli import main

main(prog_name="concordat")
