"""The picture of the architecture, drawn from the deployed templates: graph, layout, SVG and what the storefront
needs to play an order."""
