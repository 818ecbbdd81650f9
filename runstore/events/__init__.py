"""TensorBoard's event files: read as far as they are whole, from the start or as they grow."""
