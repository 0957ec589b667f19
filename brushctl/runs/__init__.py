"""Many photographs: plan, resume, journal, work, report."""
