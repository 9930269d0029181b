"""A peer: django-helpdesk's REST door on SQLite with our settings (WAL, FULL), one worker of gunicorn. Runs in the peers' environment: `FOLDER PORT`.

Writes its key and its queue into FOLDER/token once it is set up; nothing of ours is imported, nothing of it is imported by us.
"""

import logging
import sys
import types
from pathlib import Path

FOLDER, PORT = Path(sys.argv[1]), sys.argv[2]
CONTRIB = "auth contenttypes sessions sites messages humanize staticfiles admin"
MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)
CONTEXT = [f"django.{name}" for name in ("template.context_processors.request", "contrib.auth.context_processors.auth")]
TEMPLATES = {"context_processors": [*CONTEXT, "django.contrib.messages.context_processors.messages"]}
SQLITE = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"}


def configure() -> None:
    """The least a help desk needs to take tickets by REST."""
    import django  # type: ignore[import-not-found]
    from django.conf import settings  # type: ignore[import-not-found]

    settings.configure(
        SECRET_KEY="x",
        DEBUG=False,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="peer_urls",
        SITE_ID=1,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=[*(f"django.contrib.{name}" for name in CONTRIB.split()), "rest_framework", "rest_framework.authtoken", "helpdesk"],
        MIDDLEWARE=list(MIDDLEWARE),
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": TEMPLATES}],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(FOLDER / "helpdesk.db"), "CONN_MAX_AGE": None, "OPTIONS": SQLITE}},
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"]},
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        HELPDESK_TEAMS_MODE_ENABLED=False,
        HELPDESK_ACTIVATE_API_ENDPOINT=True,
        LOGGING_CONFIG=None,
        STATIC_URL="/s/",
        MEDIA_ROOT=str(FOLDER / "media"),
    )
    urls = types.ModuleType("peer_urls")
    sys.modules["peer_urls"] = urls
    django.setup()
    from django.urls import include, path  # type: ignore[import-not-found]

    urls.urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]  # type: ignore[attr-defined]
    logging.disable(logging.ERROR)


def set_up() -> None:
    """The tables, a queue, an agent and their key."""
    from django.contrib.auth.models import User  # type: ignore[import-not-found]
    from django.core.management import call_command  # type: ignore[import-not-found]
    from helpdesk.models import Queue  # type: ignore[import-not-found]
    from rest_framework.authtoken.models import Token  # type: ignore[import-not-found]

    call_command("migrate", verbosity=0)
    queue = Queue.objects.create(title="Q", slug="q")
    key = Token.objects.create(user=User.objects.create_superuser("a", "a@example.org", "a")).key
    (FOLDER / "token.new").write_text(f"{key} {queue.id}")
    (FOLDER / "token.new").rename(FOLDER / "token")


def serve() -> None:
    """One worker with four threads, as its documents advise for one core."""
    from django.core.wsgi import get_wsgi_application  # type: ignore[import-not-found]
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    class Application(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            given = {"bind": f"127.0.0.1:{PORT}", "workers": 1, "worker_class": "gthread", "threads": 4, "keepalive": 30, "loglevel": "error"}
            for name, value in given.items():
                self.cfg.set(name, value)

        def load(self) -> object:
            return get_wsgi_application()

    sys.argv = sys.argv[:1]
    Application().run()


if __name__ == "__main__":
    configure()
    set_up()
    serve()
