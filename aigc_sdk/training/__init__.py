"""Recipes that make models the plugins can load: collect, clean, augment, train, evaluate, export."""
