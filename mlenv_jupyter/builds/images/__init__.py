"""Definition → Lock → Image: base, packages in layers, and the kernel as the last one."""
