"""The objects that a person types; names, signatures and meaning are the seed system's.

They are mutable and check every assignment; what is registered is a snapshot of them, a
Definition. Where they deliberately differ is in docs/reference/differences.md.
"""

from __future__ import annotations
