"""Programs that call an OCI runtime, with places of their own, and what they leave behind."""
