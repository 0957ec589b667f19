"""The benchmark: its effects, the compared methods, metrics, tables and contact sheets."""
