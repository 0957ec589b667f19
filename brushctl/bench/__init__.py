"""The benchmark room: metrics, contact sheets, the demo, compared methods."""
