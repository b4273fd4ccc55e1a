"""What is remembered: environments, versions, locks and builds, in one database."""
