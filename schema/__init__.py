"""What goes over the wire: requests and answers, for service and client."""
