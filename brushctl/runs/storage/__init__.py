"""Where photographs and results lie."""
