"""A blog: an index page, and posts below it."""

from django.db import models
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey
from taggit.models import TaggedItemBase
from wagtail.admin.panels import FieldPanel
from wagtail.api import APIField
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.fields import RichTextField, StreamField
from wagtail.images.blocks import ImageChooserBlock
from wagtail.models import Page


class BlogIndexPage(Page):
    subpage_types = ["blog.BlogPage"]


class BlogPageTag(TaggedItemBase):
    content_object = ParentalKey("blog.BlogPage", related_name="tagged_items", on_delete=models.CASCADE)


class BlogPage(Page):
    parent_page_types = ["blog.BlogIndexPage"]

    intro = models.TextField(blank=True)
    body = RichTextField(blank=True)
    hero_image = models.ForeignKey(
        "wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    attachments = StreamField([("image", ImageChooserBlock()), ("document", DocumentChooserBlock())], blank=True)
    tags = ClusterTaggableManager(through=BlogPageTag, blank=True)

    _written = ("intro", "body", "hero_image", "attachments", "tags")
    content_panels = [*Page.content_panels, *map(FieldPanel, _written)]
    # Schedules: Wagtail does not make this field writable by itself.
    api_fields = [APIField(name, writable=True) for name in (*_written, "go_live_at")]
