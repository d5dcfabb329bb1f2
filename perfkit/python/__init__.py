"""perfkit for Python: the functions of ``import perfkit``, and what they return."""
