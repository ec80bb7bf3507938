"""What tests of several services need; must not be imported by what runs."""
