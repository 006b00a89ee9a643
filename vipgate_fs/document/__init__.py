"""A YAML document: its nodes, what is wrong with them, and the schema that says what they mean. Nothing of gates."""
