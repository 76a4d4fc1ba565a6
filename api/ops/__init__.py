"""For those who run the server: health, accounts, rules, the pages."""
