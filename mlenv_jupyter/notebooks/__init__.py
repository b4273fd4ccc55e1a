"""What a notebook remembers: stamp it, read it, restore it, check many, run one."""
