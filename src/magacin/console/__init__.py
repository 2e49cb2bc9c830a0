"""The console: dashboards, alerts and targets, from the APIs of Prometheus and Alertmanager."""
