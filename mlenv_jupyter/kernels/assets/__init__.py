"""Files that are copied into a launcher; nothing here is imported by mlenv itself."""
