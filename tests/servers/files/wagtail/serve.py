"""Makes an administrator, an editor and a blog, writes their tokens and the blog's id into a file, then serves."""

import json
import os
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command


def make() -> None:
    from blog.models import BlogIndexPage
    from django.contrib.auth.models import Group, User
    from wagtail.models import APIToken, Page, Site

    admin = User.objects.create_superuser("admin", "admin@example.test", os.environ["WAGTAIL_PASSWORD"])
    editor = User.objects.create_user("editor", "editor@example.test")
    editor.groups.add(Group.objects.get(name="Editors"))  # May add and change pages, not publish.
    home = Page.objects.get(depth=2)
    blog = home.add_child(instance=BlogIndexPage(title="Blog", slug="blog"))
    address = urlsplit(settings.URL)
    Site.objects.update(hostname=address.hostname, port=address.port)
    tokens = [APIToken.create_token(user=user, name="tests")[1] for user in (admin, editor)]
    made = {"token": tokens[0], "token2": tokens[1], "index_page_id": blog.pk}
    (settings.FOLDER / "made.json").write_text(json.dumps(made))


if __name__ == "__main__":
    django.setup()  # Models can be imported only after this.
    make()
    address = urlsplit(settings.URL).netloc
    call_command("runserver", address, use_reloader=False, use_static_handler=False, skip_checks=True)
