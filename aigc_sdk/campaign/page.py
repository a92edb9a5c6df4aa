def render_page(manifest): return "<html></html>"
