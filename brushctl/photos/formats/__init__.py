"""One codec for each format of photographs."""
