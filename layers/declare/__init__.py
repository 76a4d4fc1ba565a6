"""What a layer is: its file, its relation, its style, and the catalogue of all."""
