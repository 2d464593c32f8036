"""What whoever runs the service looks at: readiness, metrics, logs, checks of the set-up, backups."""
