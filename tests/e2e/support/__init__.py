"""What the end-to-end tests share. Standard library and python3-prometheus-client only."""
