"""Prefix or Image → kernel: launcher, kernelspecs, overlays, fallback."""
