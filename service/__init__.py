"""Bundle to HTTP: api -> engine -> runtime."""
