"""Whether a deployment to AWS would go well, asked before it and without changing anything."""
