"""The dashboards as files: reading them, what they have to look like, and how they are written down.

Nothing here talks to a Prometheus or a Grafana: the doctor, the console and an editor's hook can all ask.
"""
