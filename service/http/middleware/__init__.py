"""ASGI middleware, one class per module; `service.http.app` adds them in order."""
