"""Processes of the office: availability of assets, the ledger of feeds."""
