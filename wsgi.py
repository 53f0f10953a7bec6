"""For any WSGI server with threads: settings in, application out."""

from app.config import Settings
from app.factory import create_app

app = create_app(Settings.from_env())
