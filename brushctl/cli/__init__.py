"""The face: one thin file per command; parse, call, render, exit."""
