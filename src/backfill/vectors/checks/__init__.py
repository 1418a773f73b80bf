"""What is looked for in a folder, one module each."""
