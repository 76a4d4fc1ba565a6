"""Generated events, vehicles and cases, declared as synthetic."""
