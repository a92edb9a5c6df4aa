"""The playground: a page for the browser, with a tab per modality. Only this package imports gradio."""
