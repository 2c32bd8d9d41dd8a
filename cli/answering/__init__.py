"""Who answers: a bundle in this process, or a service that runs."""
