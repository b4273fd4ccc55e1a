"""Values and rules: no I/O, no Jupyter, no engine, no database."""
