"""How fast the parts are, measured on the machine they run on."""
