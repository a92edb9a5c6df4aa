"""WordPress as Debian packages it, on PHP's built-in server and the shared MariaDB."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import debian, mariadb
from tests.servers.cache import once
from tests.servers.processes import ServerError, answers, free_port, program, wait_until

_FILES = Path(__file__).with_name("files") / "wordpress"
_PHP = ("php-cli", "php-mysql", "php-gd", "php-curl", "php-xml", "php-mbstring")
# The package and those that it links files from. Its other dependencies are a web server and a database server.
_UNPACKED = ("wordpress", "wordpress-theme-twentytwentyone", "libjs-cropper", "libjs-underscore", "php-getid3")


@dataclass(frozen=True)
class WordPress:
    """An administrator, and a contributor, who may write drafts but not upload or publish.

    The passwords are application passwords, for basic authentication of REST requests.
    """

    url: str
    version: str
    user: str
    password: str
    user2: str
    password2: str


def install() -> Path:
    """Gets PHP and WordPress; returns the folder of WordPress."""
    debian.need(*_PHP)
    mariadb.install()
    return once("wordpress", lambda place: debian.unpack(place, *_UNPACKED)) / "usr/share/wordpress"


@contextmanager
def running(folder: Path, databases: mariadb.MariaDB) -> Iterator[WordPress]:
    """A new site, its files in ``folder``, while the block runs. Raises ServerError if it does not start."""
    site = folder / "site"
    shutil.copytree(install(), site, ignore=shutil.ignore_patterns(".htaccess"))
    shutil.copy(_FILES / "wp-config.php", site)
    database = databases.create("wordpress")
    url = f"http://127.0.0.1:{free_port()}"
    env = {
        "WORDPRESS_DB_NAME": database.name,
        "WORDPRESS_DB_USER": database.user,
        "WORDPRESS_DB_PASSWORD": database.password,
        "WORDPRESS_DB_HOST": f"127.0.0.1:{database.port}",
        "WORDPRESS_URL": url,
        "WORDPRESS_SECRET": secrets.token_hex(16),
        "PHP_CLI_SERVER_WORKERS": "3",
    }
    made = _set_up(site, env)
    log = folder / "php.log"
    settings = ("upload_max_filesize=256M", "post_max_size=257M", "memory_limit=1G", "display_errors=0")
    options = [argument for setting in settings for argument in ("-d", setting)]
    serve = ["php", *options, "-S", url.removeprefix("http://"), "-t", site, _FILES / "router.php"]
    with program(serve, log, env=env) as process:
        wait_until(answers(f"{url}/wp-json/"), process, log, name="WordPress")
        yield WordPress(url, made["version"], "admin", made["password"], "contributor", made["password2"])


def _set_up(site: Path, env: dict[str, str]) -> dict[str, str]:
    command = ["php", "-d", "display_errors=0", "-d", "log_errors=1", str(_FILES / "install.php"), str(site)]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=120)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise ServerError(f"WordPress was not set up: {done.stdout[-2000:]}{done.stderr[-2000:]}") from None
