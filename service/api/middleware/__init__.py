"""What surrounds every request, one layer a file; `service.api.app` stacks them."""
