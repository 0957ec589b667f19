"""How near a grade comes to edits of photographs, what it costs, and what else there is."""
