"""The demo: people, sample orders, and a bounded simulation of their work. It talks to the gateway only.

The sample, `sample_orders.csv`, is an excerpt of real orders: see `sample_orders.README`.
"""
