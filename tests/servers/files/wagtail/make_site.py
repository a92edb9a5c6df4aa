"""Makes an administrator, an editor and a blog; prints their tokens and the blog's id as JSON."""

import json
import os
from urllib.parse import urlsplit

import django


def main() -> None:
    from blog.models import BlogIndexPage
    from django.contrib.auth.models import Group, User
    from wagtail.models import APIToken, Page, Site

    admin = User.objects.create_superuser("admin", "admin@example.test", os.environ["WAGTAIL_PASSWORD"])
    editor = User.objects.create_user("editor", "editor@example.test")
    editor.groups.add(Group.objects.get(name="Editors"))  # May add and change pages, not publish.
    home = Page.objects.get(depth=2)
    blog = home.add_child(instance=BlogIndexPage(title="Blog", slug="blog"))
    address = urlsplit(os.environ["WAGTAIL_URL"])
    Site.objects.update(hostname=address.hostname, port=address.port)
    tokens = [APIToken.create_token(user=user, name="tests")[1] for user in (admin, editor)]
    print(json.dumps({"token": tokens[0], "token2": tokens[1], "index_page_id": blog.pk}))


if __name__ == "__main__":
    django.setup()  # Models can be imported only after this.
    main()
