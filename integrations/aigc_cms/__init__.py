"""Adapters of content management systems: WordPress, Ghost, Strapi, Wagtail."""
