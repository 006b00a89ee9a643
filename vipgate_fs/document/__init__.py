"""YAML documents: nodes, findings, and the schema that gives them meaning. Knows nothing of gates."""
