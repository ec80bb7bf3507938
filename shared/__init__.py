"""What two or more services need; owns no data and never imports a service."""
