"""Waterways: may this vessel pass, what is missing to say so, how much may it load."""
