"""What surrounds every request, one layer a file; `service.http.app` stacks them."""
