"""What GitHub, GitLab and Argo CD tell by webhook, understood as events."""
