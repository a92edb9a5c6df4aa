"""Made by ``python -m django makemigrations blog``, then laid out for reading."""

import modelcluster.contrib.taggit
import modelcluster.fields
import wagtail.fields
from django.db import migrations, models
from django.db.models.deletion import CASCADE, SET_NULL


def page() -> tuple[str, models.Field]:
    link = models.OneToOneField(
        "wagtailcore.page", CASCADE, auto_created=True, parent_link=True, primary_key=True, serialize=False
    )
    return ("page_ptr", link)


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("taggit", "0006_rename_taggeditem_content_type_object_id_taggit_tagg_content_8fc721_idx"),
        ("wagtailcore", "0098_apitoken"),
        ("wagtailimages", "0027_image_description"),
    ]
    operations = [
        migrations.CreateModel("BlogIndexPage", [page()], {"abstract": False}, ("wagtailcore.page",)),
        migrations.CreateModel(
            "BlogPage",
            [
                page(),
                ("intro", models.TextField(blank=True)),
                ("body", wagtail.fields.RichTextField(blank=True)),
                (
                    "attachments",
                    wagtail.fields.StreamField(
                        [("image", 0), ("document", 1)],
                        blank=True,
                        block_lookup={
                            0: ("wagtail.images.blocks.ImageChooserBlock", (), {}),
                            1: ("wagtail.documents.blocks.DocumentChooserBlock", (), {}),
                        },
                    ),
                ),
                (
                    "hero_image",
                    models.ForeignKey("wagtailimages.image", SET_NULL, blank=True, null=True, related_name="+"),
                ),
            ],
            {"abstract": False},
            ("wagtailcore.page",),
        ),
        migrations.CreateModel(
            "BlogPageTag",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "content_object",
                    modelcluster.fields.ParentalKey(to="blog.blogpage", on_delete=CASCADE, related_name="tagged_items"),
                ),
                ("tag", models.ForeignKey("taggit.tag", CASCADE, related_name="%(app_label)s_%(class)s_items")),
            ],
            {"abstract": False},
        ),
        migrations.AddField(
            "blogpage",
            "tags",
            modelcluster.contrib.taggit.ClusterTaggableManager(
                blank=True,
                help_text="A comma-separated list of tags.",
                through="blog.BlogPageTag",
                to="taggit.Tag",
                verbose_name="Tags",
            ),
        ),
    ]
