"""The wire format: requests and responses, shared by the service and the client."""
