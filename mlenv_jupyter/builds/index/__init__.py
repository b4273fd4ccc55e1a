"""What a package index has: names and versions, kept on disk for when it cannot be asked."""
