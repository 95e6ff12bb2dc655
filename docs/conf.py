"""How `make docs` builds the site: Sphinx reads the Markdown of this folder (MyST), in Furo's theme."""

project = "Formant"
author = "The Formant authors"
extensions = ["myst_parser"]

myst_heading_anchors = 4  # every heading is a target, spelled as on GitHub: page.md#what-fails
nitpicky = True

html_theme = "furo"
html_title = "Formant"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
