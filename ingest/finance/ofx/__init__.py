"""Open Financial Exchange, 1.x (SGML) and 2.x (XML)."""
