"""Function layers: cells computed from the cube of heat by what the address asks for."""
